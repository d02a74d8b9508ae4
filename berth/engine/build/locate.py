"""Finding the Dockerfile in a context, and hiding the two files that only the build itself needs."""

import posixpath
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.build.listing import Listing
from berth.dockerfile.ignore import IgnoreFile

DEFAULT_NAME = "Dockerfile"
_IGNORE = ".dockerignore"
_LIMIT = 4 << 20


def find_dockerfile(listing: Listing, name: str) -> bytes:
    """The file's bytes. InvalidArgument in dockerd's words when there is none, or an empty one."""
    given = name or DEFAULT_NAME
    path = posixpath.normpath(given)
    if path == ".." or path.startswith("../"):
        raise InvalidArgument(f"forbidden path outside the build context: {given} ()")
    data = listing.read(path.lstrip("/"), _LIMIT)
    if data is None and not name:
        data = listing.read(DEFAULT_NAME.lower(), _LIMIT)
    if data is None:
        raise InvalidArgument(f"Cannot locate specified Dockerfile: {given}")
    check_not_empty(data, given)
    return data


def check_not_empty(data: bytes, name: str) -> None:
    """InvalidArgument in dockerd's words for a file with nothing in it."""
    if not data:
        raise InvalidArgument(f"the Dockerfile ({name}) cannot be empty")


class Ignoring(NamedTuple):
    """A context as COPY sees it, and the rules by which files are not in it, with the name of their file."""

    listing: Listing
    rules: bytes
    name: str


def without_ignored(listing: Listing, name: str) -> Ignoring:
    """Leave out what the ignore file says that the client did not. Call it in a thread.

    Clients apply ``.dockerignore`` themselves, but send the Dockerfile and it along even where it excludes
    them, since the build itself needs them. An ignore file of the Dockerfile's own
    (``<Dockerfile>.dockerignore``) takes its place; clients without BuildKit know nothing of it.
    """
    path = posixpath.normpath(name or DEFAULT_NAME).lstrip("/")
    own = f"{path}{_IGNORE}"
    data = listing.read(own, _LIMIT)
    if data is not None:
        rules = IgnoreFile.parse(data)
        return Ignoring(listing.without(_excluded(listing, rules)) if rules.rules else listing, data, own)
    data = listing.read(_IGNORE, _LIMIT) or b""
    rules = IgnoreFile.parse(data)
    hidden = {path for path in (path, _IGNORE) if rules.excludes(path)}
    return Ignoring(listing.without(hidden) if hidden else listing, data, _IGNORE)


def _excluded(listing: Listing, rules: IgnoreFile) -> set[str]:
    """What the rules leave out; a directory stays when something in it does."""
    hidden = {entry.path for entry in listing.entries if rules.excludes(entry.path)}
    for entry in listing.entries:
        above = entry.path
        if above not in hidden:
            while above := above.rpartition("/")[0]:
                hidden.discard(above)
    return hidden
