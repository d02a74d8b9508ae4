"""Finding the Dockerfile in a context, and hiding the two files that only the build itself needs."""

import posixpath

from berth.base.errors import InvalidArgument
from berth.build.listing import Listing
from berth.dockerfile.ignore import IgnoreFile

DEFAULT_NAME = "Dockerfile"
_IGNORE = ".dockerignore"
_LIMIT = 16 << 20


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


def without_ignored(listing: Listing, name: str) -> Listing:
    """The context as COPY sees it: clients send Dockerfile and ``.dockerignore`` along even where the latter
    excludes them, since the build itself needs them."""
    data = listing.read(_IGNORE, _LIMIT)
    if not data:
        return listing
    rules = IgnoreFile.parse(data)
    hidden = {
        path
        for path in (posixpath.normpath(name or DEFAULT_NAME).lstrip("/"), _IGNORE)
        if (match := rules.matches(path)) is not None and match.excluded
    }
    return listing.without(hidden) if hidden else listing
