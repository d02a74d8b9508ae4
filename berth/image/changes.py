"""What a container changed: its upper directory compared with the layers below, as ``docker diff`` says it.

The tree above is walked together with all directories of the same path below. Every directory is opened from
its root by the kernel's own rules, so that a link planted by the container leads nowhere, and no depth of
nesting uses up the stack.
"""

import contextlib
import os
import stat
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from berth.image.layer.member import OPAQUE_XATTR
from berth.kernel.paths import open_in_root

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class ChangeKind(IntEnum):
    """Docker's numbers."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2


class Change(NamedTuple):
    """One path, absolute inside the container."""

    kind: ChangeKind
    path: str


def find_changes(upper: Path, lowers: Sequence[Path]) -> list[Change]:
    """Every change, sorted by path. ``lowers`` are topmost first. Call it in a thread."""
    with contextlib.ExitStack() as stack:
        roots = []
        for directory in (upper, *lowers):
            fd = os.open(directory, _DIRECTORY)
            stack.callback(os.close, fd)
            roots.append(fd)
        walk = _Walk(roots[0])
        walk.todo.append(("", tuple(roots[1:])))
        while walk.todo:
            walk.directory(*walk.todo.pop())
    return [Change(kind, path) for path, kind in sorted(walk.found.items())]


class _Walk:
    """``todo`` holds directories: path, and the roots of the layers that are merged there, topmost first."""

    def __init__(self, upper: int) -> None:
        self._upper = upper
        self.todo: list[tuple[str, tuple[int, ...]]] = []
        self.found: dict[str, ChangeKind] = {}

    def directory(self, path: str, roots: tuple[int, ...]) -> None:
        """Report what is in one directory, and queue the ones in it."""
        with contextlib.ExitStack() as stack:
            fd = _open(self._upper, path, stack)
            if fd is None:
                return  # gone or replaced while we looked
            opened = [(root, _open(root, path, stack)) for root in roots]
            merged = [root for root, lower in opened if lower is not None]
            lowers = [lower for _, lower in opened if lower is not None]
            if path and is_opaque(fd):
                # A directory that was removed and made anew: what the old one had is gone.
                present = set(os.listdir(fd))
                for name in {n for lower in lowers for n in os.listdir(lower)} - present:
                    if lookup(name, lowers) is not None:
                        self._report(f"{path}/{name}", ChangeKind.DELETED)
                merged, lowers = [], []
            for name in os.listdir(fd):
                with contextlib.suppress(FileNotFoundError):
                    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    self._entry(f"{path}/{name}", status, merged, lowers)

    def _entry(self, here: str, status: os.stat_result, merged: list[int], lowers: list[int]) -> None:
        name = here.rpartition("/")[2]
        below = lookup(name, lowers)
        if is_whiteout(status):
            if below is not None:
                self._report(here, ChangeKind.DELETED)
        elif below is None:
            self._report(here, ChangeKind.ADDED)
        elif not (stat.S_ISDIR(status.st_mode) and stat.S_ISDIR(below.st_mode)):
            self._report(here, ChangeKind.MODIFIED)
        elif _attributes(status) != _attributes(below):
            self.found[here] = ChangeKind.MODIFIED
        if stat.S_ISDIR(status.st_mode):
            self.todo.append((here, _merged(name, merged, lowers)))

    def _report(self, path: str, kind: ChangeKind) -> None:
        """An addition or deletion is also a change of the directory, though its times may say otherwise."""
        self.found[path] = kind
        parent = path.rpartition("/")[0]
        if kind is not ChangeKind.MODIFIED and parent:
            self.found.setdefault(parent, ChangeKind.MODIFIED)


def _open(root: int, path: str, stack: contextlib.ExitStack) -> int | None:
    try:
        fd = open_in_root(root, path.lstrip("/"), _DIRECTORY, follow=False)
    except OSError:
        return None
    stack.callback(os.close, fd)
    return fd


def _attributes(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns


def lookup(name: str, lowers: Sequence[int]) -> os.stat_result | None:
    """What the merged directories ``lowers`` (topmost first) have under ``name``."""
    for fd in lowers:
        try:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        return None if is_whiteout(status) else status
    return None


def open_lowers(name: str, lowers: Sequence[int], stack: contextlib.ExitStack) -> list[int]:
    """The directories ``name`` below ``lowers`` that are merged, topmost first; closed with ``stack``."""
    return [fd for _, fd in _open_merged(name, lowers, stack)]


def _merged(name: str, roots: Sequence[int], lowers: Sequence[int]) -> tuple[int, ...]:
    """The roots of the layers that are merged in the directory ``name``."""
    with contextlib.ExitStack() as stack:
        return tuple(roots[at] for at, _ in _open_merged(name, lowers, stack))


def _open_merged(name: str, lowers: Sequence[int], stack: contextlib.ExitStack) -> list[tuple[int, int]]:
    """(position in ``lowers``, descriptor) of each directory ``name`` that is merged."""
    opened: list[tuple[int, int]] = []
    for position, parent in enumerate(lowers):
        try:
            fd = os.open(name, _DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            continue
        except OSError:
            break  # something that is no directory hides the rest
        stack.callback(os.close, fd)
        opened.append((position, fd))
        if is_opaque(fd):
            break
    return opened


def is_whiteout(status: os.stat_result) -> bool:
    """Whether this is overlayfs's mark of a deletion."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(fd: int) -> bool:
    """Whether overlayfs shows nothing of the layers below this directory."""
    try:
        return os.getxattr(fd, OPAQUE_XATTR) == b"y"
    except OSError:
        return False
