"""``--chmod``: an octal number, or symbols as chmod(1) has them (``u=rwX,go=rX``), without a umask."""

import re
from collections.abc import Callable

from berth.base.errors import InvalidArgument
from berth.build.tree import DIRECTORY

_ALL = 0o7777
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_SPECIAL = {"u": 0o4000, "g": 0o2000, "o": 0}
_STICKY = 0o1000
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)")
_ACTION = re.compile(r"([-+=])([ugo]|[rwxXst]*)")

Change = Callable[[int, str], int]
"""From the mode and kind of an entry to the mode that it gets."""


def parse_chmod(text: str) -> Change:
    """InvalidArgument, in BuildKit's words, for what is neither."""
    if text and set(text) <= set("0123456789"):
        number = int(text, 8) if set(text) <= set("01234567") else _ALL + 1
        if number > _ALL:
            raise _invalid(text)
        return lambda _mode, _kind: number
    clauses = []
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise _invalid(text)
        who = "ugo" if not match[1] or "a" in match[1] else match[1]
        clauses.append((who, _ACTION.findall(match[2])))

    def change(mode: int, kind: str) -> int:
        for who, actions in clauses:
            for operator, permissions in actions:
                mode = _apply(mode, who, operator, permissions, is_directory=kind == DIRECTORY)
        return mode

    return change


def _invalid(text: str) -> InvalidArgument:
    return InvalidArgument(
        f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777",
        hint="or symbols, such as u=rwX,go=rX",
    )


def _apply(mode: int, who: str, operator: str, permissions: str, *, is_directory: bool) -> int:
    bits = _bits(mode, permissions, is_directory=is_directory)
    special = set(permissions)
    for one in who:
        wanted = bits << _SHIFTS[one]
        if "s" in special:
            wanted |= _SPECIAL[one]
        if operator == "+":
            mode |= wanted
        elif operator == "-":
            mode &= ~wanted
        else:
            mode = mode & ~(0o7 << _SHIFTS[one] | _SPECIAL[one]) | wanted
    if "t" in special and "o" in who:
        mode = mode & ~_STICKY if operator == "-" else mode | _STICKY
    return mode


def _bits(mode: int, permissions: str, *, is_directory: bool) -> int:
    """The three bits that are meant; ``u``, ``g`` and ``o`` stand for what these have."""
    if permissions in _SHIFTS:
        return mode >> _SHIFTS[permissions] & 0o7
    bits = 0
    for char in permissions:
        if char == "X":
            bits |= 0o1 if is_directory or mode & 0o111 else 0
        else:
            bits |= {"r": 0o4, "w": 0o2, "x": 0o1}.get(char, 0)
    return bits
