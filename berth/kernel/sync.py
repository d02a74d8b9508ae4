"""syncfs(2): one file system to disk, for trees too large to fsync file by file."""

import ctypes
import os

from berth.kernel.libc import LIBC, check

_SYNCFS = LIBC.syncfs
_SYNCFS.argtypes = (ctypes.c_int,)


def sync_filesystem(path: str | os.PathLike[str]) -> None:
    """Return when everything written so far to the file system of ``path`` is on disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        check(_SYNCFS(fd), os.fspath(path))
    finally:
        os.close(fd)
