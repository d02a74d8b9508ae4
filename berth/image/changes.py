"""What a container changed: its upper directory compared with the layers below, as ``docker diff`` says it.

The tree above is walked together with all directories of the same path below, by descriptors, so that a link
planted by the container leads nowhere.
"""

import contextlib
import os
import stat
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from berth.image.layer.member import OPAQUE_XATTR

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
        fds = []
        for directory in (upper, *lowers):
            fd = os.open(directory, _DIRECTORY)
            stack.callback(os.close, fd)
            fds.append(fd)
        found: dict[str, ChangeKind] = {}
        _walk(fds[0], fds[1:], "", found)
    return [Change(kind, path) for path, kind in sorted(found.items())]


def _walk(upper: int, lowers: list[int], path: str, found: dict[str, ChangeKind]) -> None:
    for name in sorted(os.listdir(upper)):
        try:
            status = os.stat(name, dir_fd=upper, follow_symlinks=False)
        except FileNotFoundError:
            continue  # the container is at work
        here = f"{path}/{name}"
        below = _lookup(name, lowers)
        if _is_whiteout(status):
            if below is not None:
                _report(found, here, ChangeKind.DELETED)
        elif not stat.S_ISDIR(status.st_mode):
            _report(found, here, ChangeKind.ADDED if below is None else ChangeKind.MODIFIED)
        else:
            _directory(upper, name, status, below, lowers, here, found)


def _directory(
    upper: int,
    name: str,
    status: os.stat_result,
    below: os.stat_result | None,
    lowers: list[int],
    here: str,
    found: dict[str, ChangeKind],
) -> None:
    if below is None or not stat.S_ISDIR(below.st_mode):
        _report(found, here, ChangeKind.ADDED if below is None else ChangeKind.MODIFIED)
    elif (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns) != (
        below.st_mode, below.st_uid, below.st_gid, below.st_mtime_ns,
    ):  # fmt: skip
        found[here] = ChangeKind.MODIFIED
    with contextlib.ExitStack() as stack:
        try:
            fd = os.open(name, _DIRECTORY, dir_fd=upper)
        except OSError:
            return  # replaced while we looked
        stack.callback(os.close, fd)
        hidden = is_opaque(fd) or below is None
        children = [] if hidden else _open_lowers(name, lowers, stack)
        if is_opaque(fd) and below is not None and stat.S_ISDIR(below.st_mode):
            _deleted_below(fd, _open_lowers(name, lowers, stack), here, found)
        _walk(fd, children, here, found)


def _deleted_below(fd: int, lowers: list[int], here: str, found: dict[str, ChangeKind]) -> None:
    """A directory that was removed and made anew: what the old one had is gone."""
    present = set(os.listdir(fd))
    names = {name for lower in lowers for name in os.listdir(lower)}
    for name in sorted(names - present):
        if _lookup(name, lowers) is not None:
            _report(found, f"{here}/{name}", ChangeKind.DELETED)


def _report(found: dict[str, ChangeKind], path: str, kind: ChangeKind) -> None:
    """An addition or deletion is also a change of the directory, though its times may say otherwise."""
    found[path] = kind
    parent = path.rpartition("/")[0]
    if kind is not ChangeKind.MODIFIED and parent and parent not in found:
        found[parent] = ChangeKind.MODIFIED


def _lookup(name: str, lowers: list[int]) -> os.stat_result | None:
    """What the merged layers below have under ``name``."""
    for fd in lowers:
        try:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        return None if _is_whiteout(status) else status
    return None


def _open_lowers(name: str, lowers: list[int], stack: contextlib.ExitStack) -> list[int]:
    """The directories ``name`` that are merged, topmost first."""
    opened: list[int] = []
    for parent in lowers:
        try:
            fd = os.open(name, _DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            continue
        except OSError:
            break  # something that is no directory hides the rest
        stack.callback(os.close, fd)
        opened.append(fd)
        if is_opaque(fd):
            break
    return opened


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(fd: int) -> bool:
    """Whether overlayfs shows nothing of the layers below this directory."""
    try:
        return os.getxattr(fd, OPAQUE_XATTR) == b"y"
    except OSError:
        return False
