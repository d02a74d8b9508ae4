"""The rows of a build's directory: what is neither ignored nor beyond what the Dockerfile can read."""

from berth.cli.build.needs import EVERYTHING, needs_of
from berth.client.context import LinkInTheWay, TooMuch, scan
from berth.client.errors import ApiError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping

    from berth.cli.build.place import Place
    from berth.client.client import Client
    from berth.client.context import Ignore, Row

# A context as small as this is sent whole: finding out what could be left out takes longer.
_FEW_ENTRIES, _FEW_BYTES = 500, 1 << 20


def ignore_of(data: bytes) -> "Ignore | None":
    """The rules of an ignore file, None when it has none."""
    lines = (line.strip() for line in data.splitlines())
    if not any(line and not line.startswith(b"#") for line in lines):
        return None
    from berth.dockerfile.ignore import IgnoreFile

    return IgnoreFile.parse(data)


def needed_rows(
    client: "Client", place: "Place", build_args: "Mapping[str, str | None]"
) -> "tuple[list[Row], str]":
    """What has to be at the daemon for this build, and a name for that part; empty for everything."""
    ignore = ignore_of(place.ignore)
    try:
        rows = scan(place.root, ignore, EVERYTHING, _FEW_ENTRIES)
        if sum(row[3] for row in rows) <= _FEW_BYTES:
            return rows, ""
    except TooMuch:
        pass
    needs = needs_of(place.dockerfile or b"", build_args, lambda name: has_triggers(client, name))
    if not needs.everything:
        try:
            return scan(place.root, ignore, needs), repr(needs.patterns)
        except LinkInTheWay:
            pass
    return scan(place.root, ignore, EVERYTHING), ""


def all_rows(root: str, ignore: bytes) -> "list[Row]":
    """Everything that is not ignored."""
    return scan(root, ignore_of(ignore), EVERYTHING)


def has_triggers(client: "Client", name: str) -> bool:
    """Whether an image has ONBUILD instructions; true as well when that cannot be known yet."""
    from berth.client.target import quote_path

    try:
        found = client.get(f"/images/{quote_path(name)}/json")
    except ApiError:
        return True
    return bool((found.get("Config") or {}).get("OnBuild"))
