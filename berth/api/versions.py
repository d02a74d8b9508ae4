"""Versions of the API: which are served, and how a client that asks for another is told.

Every version in the range gets answers in its own shape; the differences stand where the shape is made,
as ``version >= (1, 44)``.
"""

from typing import TypeAlias

from berth.base.errors import InvalidArgument

Version: TypeAlias = tuple[int, int]

NEWEST: Version = (1, 55)
OLDEST: Version = (1, 24)


def text(version: Version) -> str:
    """``1.55``."""
    return f"{version[0]}.{version[1]}"


def parse(given: str) -> Version:
    """The version of a path's prefix; InvalidArgument in Docker's words when it is not served."""
    major, _, minor = given.partition(".")
    if not major.isdecimal() or not (minor or "0").isdecimal() or len(given) > 16:
        raise InvalidArgument(f"client version {given} is not a version. Expected a form like {text(NEWEST)}")
    version = int(major), int(minor or "0")
    if version < OLDEST:
        raise InvalidArgument(
            f"client version {given} is too old. Minimum supported API version is {text(OLDEST)}, "
            "please upgrade your client to a newer version"
        )
    if version > NEWEST:
        raise InvalidArgument(
            f"client version {given} is too new. Maximum supported API version is {text(NEWEST)}"
        )
    return version
