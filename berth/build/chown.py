"""``--chown``: numbers, or names looked up in the files of the image that is written to."""

from collections.abc import Iterator

from berth.base.errors import InvalidArgument
from berth.build.tree import FILE, FileTree, resolve

_SIZE_LIMIT = 8 << 20
_MAX_ID = (1 << 32) - 2
_TEXT = "unable to convert uid/gid chown string to host mapping: can't find"


def find_owner(text: str, target: FileTree) -> tuple[int, int]:
    """User and group of ``user[:group]``.

    A number alone is the group's as well, a name alone brings the group that it has in ``/etc/passwd``
    (BuildKit's rule). InvalidArgument, in dockerd's words, for a name that is not there.
    """
    user, _, group = text.partition(":")
    uid, gid = _find_user(user, target)
    if group:
        gid = _find_group(group, target)
    return uid, gid


def _find_user(user: str, target: FileTree) -> tuple[int, int]:
    number = _number(user, user)
    if number is not None:
        return number, number
    if not user:
        return 0, 0
    for fields in _lines(target, "etc/passwd", 4):
        if fields[0] == user and fields[2].isdecimal() and fields[3].isdecimal():
            return _checked(int(fields[2]), user), _checked(int(fields[3]), user)
    raise InvalidArgument(f"{_TEXT} uid for user {user}: no such user: {user}")


def _find_group(group: str, target: FileTree) -> int:
    number = _number(group, group)
    if number is not None:
        return number
    for fields in _lines(target, "etc/group", 3):
        if fields[0] == group and fields[2].isdecimal():
            return _checked(int(fields[2]), group)
    raise InvalidArgument(f"{_TEXT} gid for group {group}: no such group: {group}")


def _number(text: str, shown: str) -> int | None:
    if text.isascii() and text.isdecimal():
        return _checked(int(text[:20]), shown)
    return None


def _checked(number: int, shown: str) -> int:
    if number > _MAX_ID:
        raise InvalidArgument(f"invalid --chown: {shown} is out of range")
    return number


def _lines(target: FileTree, path: str, least: int) -> Iterator[list[str]]:
    entry = target.find(resolve(target, path))
    if entry is None or entry.kind != FILE or entry.size > _SIZE_LIMIT:
        return
    text = b"".join(target.content(entry)).decode("utf-8", "surrogateescape")
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= least and not line.startswith("#"):
            yield fields
