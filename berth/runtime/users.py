"""Who runs a command: ``user[:group]`` looked up in the container's own passwd and group files.

The files belong to the image or to the container, so they are read through descriptors confined to its
root. Rules and texts: moby/sys/user's GetExecUserPath.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.kernel.paths import open_in_root
from berth.runtime.spec.options import UserIds

_MAX_ID = (1 << 31) - 1
_SIZE_LIMIT = 8 << 20
"""More than any honest passwd file; a hostile image must not fill the daemon's memory."""


class _Account(NamedTuple):
    name: str
    uid: int
    gid: int
    home: str


class _Group(NamedTuple):
    name: str
    gid: int
    members: tuple[str, ...]


def lookup_user(rootfs: str | os.PathLike[str], user: str, group_add: Sequence[str] = ()) -> UserIds:
    """Resolve ``user`` (empty for root), ``user:group``, names or numbers, and the groups added to it.

    Raises InvalidArgument: ``unable to find user X: no matching entries in passwd file`` and its kin.
    """
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        passwd = _read(root, "etc/passwd")
        groups = _read(root, "etc/group")
    finally:
        os.close(root)
    return resolve_user(user, group_add, passwd, groups)


def resolve_user(user: str, group_add: Sequence[str], passwd: str, group: str) -> UserIds:
    """The same from the text of the two files."""
    user_part, _, group_part = user.partition(":")
    account, matched_name = _find_account(user_part, passwd)
    gid = account.gid
    supplementary: list[int] = []
    if group_part:
        gid = _find_gid(group_part, group, f"unable to find group {group_part}")
    elif matched_name:
        supplementary = [g.gid for g in _groups(group) if matched_name in g.members]
    for wanted in group_add:
        supplementary.append(_find_gid(wanted, group, f"Unable to find group {wanted}"))
    return UserIds(uid=account.uid, gid=gid, groups=tuple(dict.fromkeys(supplementary)), home=account.home)


def _find_account(wanted: str, passwd: str) -> tuple[_Account, str]:
    """The account, and its name when the file has it."""
    number = _number(wanted) if wanted else 0
    for account in _accounts(passwd):
        if (wanted and account.name == wanted) or account.uid == number:
            return account, account.name
    if number is None:
        raise InvalidArgument(f"unable to find user {wanted}: no matching entries in passwd file")
    _check_range(number)
    return _Account("", number, 0, "/"), ""


def _find_gid(wanted: str, group: str, failure: str) -> int:
    number = _number(wanted)
    for entry in _groups(group):
        if entry.name == wanted or entry.gid == number:
            return entry.gid
    if number is None:
        raise InvalidArgument(f"{failure}: no matching entries in group file")
    _check_range(number)
    return number


def _check_range(number: int) -> None:
    if not 0 <= number <= _MAX_ID:
        raise InvalidArgument(f"uids and gids must be in range 0-{_MAX_ID}")


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else None


def _accounts(text: str) -> Iterator[_Account]:
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and not line.startswith("#"):
            uid, gid = _number(fields[2]), _number(fields[3])
            if uid is not None and gid is not None:
                yield _Account(fields[0], uid, gid, fields[5] if len(fields) > 5 else "")


def _groups(text: str) -> Iterator[_Group]:
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and not line.startswith("#") and (gid := _number(fields[2])) is not None:
            members = fields[3].split(",") if len(fields) > 3 else []
            yield _Group(fields[0], gid, tuple(members))


def _read(root: int, path: str) -> str:
    """The file's text, empty when it is missing or no regular file."""
    try:
        fd = open_in_root(root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return ""
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return ""
        return file.read(_SIZE_LIMIT).decode("utf-8", "surrogateescape")
