"""Plans from texts, over one base image and one small context."""

from pathlib import Path

from berth.base.digest import Digest, sha256
from berth.build.listing import Listing
from berth.build.outline import outline, with_triggers
from berth.build.plan import Plan, make_plan
from berth.build.plan_step import Step
from berth.build.reasons import Sources
from berth.build.request import BuildRequest
from berth.build.tree import DIRECTORY, FILE, LINK, Entry
from berth.dockerfile.parser import parse
from berth.image.config import HistoryItem, ImageConfig, ImageSettings, RootFs, encode_config
from berth.image.model import Image

FILES = {"a.txt": "one", "app.py": "print()", "sub/b.txt": "two", "sub/deep/c.txt": "three"}


def image(name: str = "base", **settings) -> Image:
    """An image with one layer that is named after it, so that different names have different files."""
    given = {"env": ("PATH=/bin",), "cmd": ("sh",), **settings}
    config = ImageConfig(
        os="linux",
        architecture="amd64",
        config=ImageSettings(**given),
        rootfs=RootFs(diff_ids=(sha256(name.encode()),)),
        history=(HistoryItem(created_by=f"made {name}"),),
    )
    return Image(id=sha256(encode_config(config)), config=config, size=1)


def listing(files: dict[str, str] | None = None) -> Listing:
    """A context with these files, their directories, and a link ``l`` to ``a.txt``."""
    entries = {"l": Entry("l", LINK, 0o777, link="a.txt")}
    for path, content in (FILES if files is None else files).items():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            directory = "/".join(parts[:depth])
            entries[directory] = Entry(directory, DIRECTORY)
        entries[path] = Entry(path, FILE, size=len(content), digest=Digest(sha256(content.encode())))
    return Listing([entries[path] for path in sorted(entries)], Path("/nonexistent"))


def plan(text: str, *, base: Image | None = None, files: dict[str, str] | None = None, **request) -> Plan:
    """The plan of a Dockerfile; every image reference is ``base``, every named context the one context."""
    return plan_with(text, {}, base or image(), files, **request)[0]


def plan_with(
    text: str,
    bases: dict[str, Image],
    other: Image | None = None,
    files: dict[str, str] | None = None,
    **request,
) -> tuple[Plan, Sources]:
    """A plan, and what it was made of; ``bases`` by reference, ``other`` for the rest."""
    asked = BuildRequest(dockerfile=text.encode(), **request)
    whole = outline(parse(asked.dockerfile), asked)
    found: dict[str, Image] = {}
    while missing := [r for r in whole.references if r.key not in found]:
        found |= {r.key: bases.get(r.key) or other or image() for r in missing}
        whole = with_triggers(whole, asked, found)
    context = listing(files)
    named = dict.fromkeys(whole.contexts, context)
    return make_plan(whole, asked, found, context, named), Sources(found, context, named)


def last(text: str, **given) -> Step:
    """The last step of the plan of a text."""
    return plan(text, **given).steps[-1]
