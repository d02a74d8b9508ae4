"""syncfs(2) and sync_file_range(2): what fsync(2) alone does not offer."""

import ctypes
import os

from berth.kernel.libc import LIBC, check

_SYNCFS = LIBC.syncfs
_SYNCFS.argtypes = (ctypes.c_int,)
_SYNC_FILE_RANGE = LIBC.sync_file_range
_SYNC_FILE_RANGE.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
_WRITE = 2


def sync_filesystem(path: str | os.PathLike[str]) -> None:
    """Return when everything written so far to the file system of ``path`` is on disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        check(_SYNCFS(fd), os.fspath(path))
    finally:
        os.close(fd)


def start_writeback(fd: int, offset: int, length: int) -> None:
    """Let the disk begin with a range of a file. It makes a later fsync short, and promises nothing."""
    _SYNC_FILE_RANGE(fd, offset, length, _WRITE)
