"""The files of a build's directory, as the daemon is told of them: what is there, not what is in them.

One pass of scandir and lstat; links are never followed, so nothing outside of the directory is looked at.
"""

import gc
import posix
import time

from berth.base.errors import BerthError
from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Protocol

    class Verdict(Protocol):
        """What an ignore file says of a path."""

        @property
        def excluded(self) -> bool:
            """Whether the path is left out."""
            ...

    class Ignore(Protocol):
        """The rules of an ignore file (``berth.dockerfile.ignore``)."""

        def matches(self, path: str) -> "Verdict | None":
            """The last rule that speaks of the path."""
            ...

        def may_descend(self, directory: str) -> bool:
            """Whether something in an excluded directory may be included again."""
            ...

    # path, kind ("f", "d" or "l"), mode, size, mtime_ns, ctime_ns, inode, target of a link
    Row = tuple[str, str, int, int, int, int, int, str]
    _Patterns = list[tuple[str, ...]]
    _Entry = os.DirEntry[str]


_TYPE, _DIRECTORY, _FILE, _LINK = 0o170000, 0o040000, 0o100000, 0o120000
# A file that changed this short a time ago may change again without any of its times telling.
_UNSETTLED_NS = 50_000_000
_UNLIMITED = 1 << 62


class LinkInTheWay(BerthError):
    """A path that is needed leads through a link: only a whole directory has all that it may lead to."""


class NotText(BerthError):
    """A name that is not UTF-8, which JSON cannot say."""


class TooMuch(BerthError):
    """There is more than was asked for; only a start has been looked at."""


class Needs:
    """The paths that a build reads, as patterns of components; ``everything`` when they cannot be known.

    A component may have ``*`` and ``?``; anything more must have been given up as "everything below".
    """

    __slots__ = ("everything", "patterns")

    def __init__(self, patterns: "Iterable[tuple[str, ...]]" = (), *, everything: bool = False) -> None:
        self.patterns = list(dict.fromkeys(patterns))
        self.everything = everything or () in self.patterns


def fits(pattern: str, name: str) -> bool:
    """Whether one component fits one with ``*`` and ``?``."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    head, star, rest = pattern.partition("*")
    if len(name) < len(head) or not _same(head, name[: len(head)]):
        return False
    if not star:
        return len(name) == len(head)
    return any(fits(rest, name[start:]) for start in range(len(head), len(name) + 1))


def _same(pattern: str, name: str) -> bool:
    return all(p in ("?", c) for p, c in zip(pattern, name, strict=True))


def scan(root: str, ignore: "Ignore | None", needs: Needs, limit: int = 0) -> "list[Row]":
    """Everything below ``root`` that is not ignored and that the build may read, sorted by path.

    Sockets, pipes and devices are left out. Raises BerthError in Docker's words for a directory that cannot
    be read, LinkInTheWay, and TooMuch for more than ``limit`` entries (0: any number).
    """
    scanner = _Scanner(ignore, limit or _UNLIMITED)
    collecting = gc.isenabled()
    gc.disable()  # it would look through the rows again and again, which takes longer than the walk
    try:
        scanner.walk(root, None if needs.everything else needs.patterns)
        scanner.rows.sort()
    finally:
        if collecting:
            gc.enable()
    return scanner.rows


def _below(patterns: "_Patterns", name: str) -> "_Patterns | None":
    """What of the patterns is left for the inside of ``name``; None for everything, [] for nothing."""
    left = []
    for pattern in patterns:
        if fits(pattern[0], name):
            if len(pattern) == 1:
                return None
            left.append(pattern[1:])
    return left


class _Scanner:
    __slots__ = ("_ignore", "_limit", "_settled", "_todo", "rows")

    def __init__(self, ignore: "Ignore | None", limit: int) -> None:
        self._ignore = ignore
        self._limit = limit
        self._settled = time.time_ns() - _UNSETTLED_NS
        self._todo: list[tuple[str, _Patterns | None]] = []
        self.rows: list[Row] = []

    def walk(self, root: str, patterns: "_Patterns | None") -> None:
        """Collect rows; ``patterns`` None means everything."""
        todo = self._todo
        todo.append(("", patterns))
        while todo:
            if len(self.rows) > self._limit:
                raise TooMuch("more than wanted")
            prefix, patterns = todo.pop()
            here = f"{root}/{prefix}"
            try:
                listing = posix.scandir(here)
            except PermissionError:
                raise BerthError(f"error checking context: can't stat '{here.rstrip('/')}'") from None
            except FileNotFoundError:
                continue  # gone since its parent was read
            with listing:
                if patterns is None:
                    for entry in listing:
                        self._take(entry, prefix + entry.name, None)
                else:
                    self._choose(listing, prefix, patterns)

    def _choose(self, listing: "Iterable[_Entry]", prefix: str, patterns: "_Patterns") -> None:
        for entry in listing:
            below = _below(patterns, entry.name)
            if below == []:
                continue
            path = prefix + entry.name
            if entry.is_symlink() and not self._ignored(path):
                raise LinkInTheWay(path)
            self._take(entry, path, below)

    def _ignored(self, path: str) -> bool:
        if self._ignore is None:
            return False
        verdict = self._ignore.matches(path)
        return verdict is not None and verdict.excluded

    def _take(self, entry: "_Entry", path: str, below: "_Patterns | None") -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        mode = status.st_mode
        kind = mode & _TYPE
        if self._ignore is not None and self._ignored(path):
            if kind == _DIRECTORY and self._ignore.may_descend(path):
                self._todo.append((path + "/", below))
            return
        if kind == _FILE:
            if below is None:
                changed = status.st_ctime_ns
                if changed > self._settled:
                    # A time that no later look will find again: this file will be asked for.
                    changed = time.time_ns() + len(self.rows)
                self.rows.append(
                    (path, "f", mode & 0o7777, status.st_size, status.st_mtime_ns, changed, status.st_ino, "")
                )
        elif kind == _DIRECTORY:
            self.rows.append((path, "d", mode & 0o7777, 0, status.st_mtime_ns, 0, 0, ""))
            self._todo.append((path + "/", below))
        elif kind == _LINK:
            target = posix.readlink(entry.path)
            self.rows.append((path, "l", 0o777, 0, status.st_mtime_ns, 0, 0, target))


def to_lines(rows: "Iterable[Row]") -> bytes:
    """The rows as the daemon reads them: one JSON array a line, with owner 0:0, since owners are not sent.

    NotText for a name that is none.
    """
    parts = []
    for path, kind, mode, size, mtime, ctime, inode, link in rows:
        target = _text(link) if link else '""'
        parts.append(f'[{_text(path)},"{kind}",{mode},0,0,{size},{mtime},{ctime},{inode},{target}]\n')
    return "".join(parts).encode()


def _text(path: str) -> str:
    if path.isascii() and path.isprintable() and '"' not in path and "\\" not in path:
        return f'"{path}"'
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise NotText(f"error checking context: the name of '{shown}' is not UTF-8") from None
    return dumps(path)
