"""``image bootstrap``: a base image made here, for machines that reach no registry."""

from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.base.reference import parse_reference
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.image.model import Progress


class BootstrapOptions(NamedTuple):
    """``suite`` is a release (``bookworm``, ``noble``) or ``busybox``, empty for this machine's own;
    ``include`` names further packages."""

    name: str
    suite: str
    include: tuple[str, ...]
    caller: Caller


async def bootstrap(engine: Engine, options: BootstrapOptions, progress: Progress) -> Digest:
    """Make the image and give it its name. Unavailable names the program that is missing for it."""
    if not options.name:
        raise InvalidArgument("the new image needs a name")
    ref = parse_reference(options.name).with_default_tag()
    image_id = await engine.images.bootstrap(
        ref, suite=options.suite, include=options.include, progress=progress, owner=options.caller
    )
    await announce(engine, "import", engine.images.get(image_id), image_id)
    return image_id
