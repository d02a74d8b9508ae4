"""What a container changed: its upper directory compared with the layers below, as ``docker diff`` says it.

dockerd compares what the container sees with what the image has; so does this, but it looks only where the
upper directory has something. Every directory is opened from its root by the kernel's own rules, so that a
link planted by the container leads nowhere, and no depth of nesting uses up the stack.
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
        walk.todo.append(("", tuple(roots[1:]), False))
        while walk.todo:
            walk.directory(*walk.todo.pop())
    return [Change(kind, path) for path, kind in sorted(walk.found.items())]


class _Walk:
    """``todo`` holds directories: path, the roots of the layers that are merged there in the image (topmost
    first), and whether the container has hidden them."""

    def __init__(self, upper: int) -> None:
        self._upper = upper
        self.todo: list[tuple[str, tuple[int, ...], bool]] = []
        self.found: dict[str, ChangeKind] = {}

    def directory(self, path: str, roots: tuple[int, ...], hidden: bool) -> None:  # noqa: FBT001 - an item of todo
        """Report what is in one directory, and queue the ones in it."""
        with contextlib.ExitStack() as stack:
            fd = _open(self._upper, path, stack)
            if fd is None:
                return  # gone or replaced while we looked
            opened = [(root, _open(root, path, stack)) for root in roots]
            merged = [root for root, lower in opened if lower is not None]
            lowers = [lower for _, lower in opened if lower is not None]
            names = os.listdir(fd)
            hidden = hidden or (bool(path) and is_opaque(fd))
            if hidden:
                # Removed and made anew: what the old one had besides is gone.
                for name in {name for lower in lowers for name in os.listdir(lower)}.difference(names):
                    if lookup(name, lowers) is not None:
                        self._report(f"{path}/{name}", ChangeKind.DELETED)
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    self._entry(f"{path}/{name}", status, lookup(name, lowers))
                    if stat.S_ISDIR(status.st_mode):
                        self.todo.append((f"{path}/{name}", _merged(name, merged, lowers), hidden))

    def _entry(self, here: str, status: os.stat_result, below: os.stat_result | None) -> None:
        if is_whiteout(status):
            if below is not None:
                self._report(here, ChangeKind.DELETED)
        elif below is None:
            self._report(here, ChangeKind.ADDED)
        elif _compared(status) != _compared(below):
            self._report(here, ChangeKind.MODIFIED)

    def _report(self, path: str, kind: ChangeKind) -> None:
        """A change is also one of every directory above it."""
        self.found[path] = kind
        parent = path.rpartition("/")[0]
        while parent and parent not in self.found:
            self.found[parent] = ChangeKind.MODIFIED
            parent = parent.rpartition("/")[0]


def _open(root: int, path: str, stack: contextlib.ExitStack) -> int | None:
    try:
        fd = open_in_root(root, path.lstrip("/"), _DIRECTORY, follow=False)
    except OSError:
        return None
    stack.callback(os.close, fd)
    return fd


def _compared(status: os.stat_result) -> tuple[int, ...]:
    """What makes a difference to Docker: of a directory neither its time nor its size."""
    owner = status.st_mode, status.st_uid, status.st_gid, status.st_rdev
    return owner if stat.S_ISDIR(status.st_mode) else (*owner, status.st_mtime_ns, status.st_size)


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
