"""Paths inside a root that somebody else controls (openat2(2), Linux 5.6).

Inside a container's tree every component may be a hostile symbolic link, replaced at any moment. The kernel
resolves the path as if the root were ``/``; what comes back is a descriptor, and only the descriptor is used.
"""

import ctypes
import errno
import os
import stat
from collections import deque
from typing import Final

from berth.kernel.libc import SYS_OPENAT2, syscall

RESOLVE_NO_XDEV: Final = 0x01
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08
RESOLVE_IN_ROOT: Final = 0x10

_RETRIES = 64
_LINK_LIMIT = 40


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory: int, path: str, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open ``path`` relative to ``directory`` under the ``RESOLVE_`` rules; the descriptor is CLOEXEC.

    EAGAIN, which the kernel gives while somebody renames around, is tried again some times.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, mode, resolve)
    raw = os.fsencode(path)
    for _ in range(_RETRIES):
        try:
            return syscall(
                SYS_OPENAT2,
                directory,
                ctypes.c_char_p(raw),
                ctypes.byref(how),
                ctypes.sizeof(how),
                path=path,
            )
        except BlockingIOError:
            continue
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), path)


def open_in_root(root: int, path: str, flags: int, mode: int = 0, *, follow: bool = True) -> int:
    """Open ``path`` as a process would whose root directory is ``root``: links and ``..`` stay inside.

    Without ``follow`` a link as any component is ELOOP, except that ``O_PATH | O_NOFOLLOW`` may still open
    a link as the last component.
    """
    resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
    if not follow:
        resolve |= RESOLVE_NO_SYMLINKS
    return openat2(root, path or ".", flags, mode, resolve)


def make_directories_in_root(root: int, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> int:
    """``mkdir -p`` inside ``root``; returns an O_PATH descriptor of the directory at ``path``.

    Links are followed inside the root, also dangling ones (their target is made), as Docker does for mount
    points. New directories get ``mode`` and owner. ENOTDIR when a component is something else.
    """
    done: list[str] = []
    pending = deque(path.split("/"))
    links = 0
    while pending:
        part = pending.popleft()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        target = _enter_or_make(root, done, part, mode, uid, gid)
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > _LINK_LIMIT:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            done.clear()
        pending.extendleft(reversed(target.split("/")))
    return open_in_root(root, "/".join(done), os.O_PATH | os.O_DIRECTORY, follow=False)


def _enter_or_make(root: int, parents: list[str], name: str, mode: int, uid: int, gid: int) -> str | None:
    """Make ``name`` a directory unless it is one; the target when it is a link."""
    parent = open_in_root(root, "/".join(parents), os.O_PATH | os.O_DIRECTORY, follow=False)
    try:
        try:
            kind = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            _make(parent, name, mode, uid, gid)
            return None
        if stat.S_ISLNK(kind):
            return os.readlink(name, dir_fd=parent)
        if not stat.S_ISDIR(kind):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "/".join([*parents, name]))
        return None
    finally:
        os.close(parent)


def _make(parent: int, name: str, mode: int, uid: int, gid: int) -> None:
    os.mkdir(name, 0o700, dir_fd=parent)
    fd = openat2(parent, name, os.O_RDONLY | os.O_DIRECTORY, resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
    try:
        os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def resolve_in_root(root: int, path: str) -> str:
    """Where ``path`` leads inside ``root``: absolute, without links as far as it exists.

    Only for showing: what has the name may be another thing a moment later.
    """
    done: list[str] = []
    pending = deque(path.split("/"))
    links = 0
    while pending:
        part = pending.popleft()
        if part == "..":
            del done[-1:]
        if part in ("", ".", ".."):
            continue
        target = _link_target(root, [*done, part])
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > _LINK_LIMIT:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            done.clear()
        pending.extendleft(reversed(target.split("/")))
    return "/" + "/".join(done)


def _link_target(root: int, parts: list[str]) -> str | None:
    try:
        fd = open_in_root(root, "/".join(parts), os.O_PATH | os.O_NOFOLLOW, follow=False)
    except OSError:
        return None
    try:
        return os.readlink("", dir_fd=fd) if stat.S_ISLNK(os.fstat(fd).st_mode) else None
    finally:
        os.close(fd)
