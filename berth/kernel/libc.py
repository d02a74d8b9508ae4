"""The C library with errno, and the one way in which this room calls it.

Every function of the room raises ``OSError(errno, text, path)``: the caller never sees a return code.
"""

import ctypes
import os
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long

AT_FDCWD = -100

# Since Linux 5.0 new calls have one number on every architecture (alpha apart).
SYS_OPEN_TREE = 428
SYS_MOVE_MOUNT = 429
SYS_FSOPEN = 430
SYS_FSCONFIG = 431
SYS_FSMOUNT = 432
SYS_OPENAT2 = 437
SYS_MOUNT_SETATTR = 442


def check(result: int, path: str | None = None) -> int:
    """Return ``result`` or raise the OSError that the last call left in errno."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return int(result)


def syscall(number: int, *arguments: Any, path: str | None = None) -> int:
    """A raw system call; integers are passed as longs so that the upper half is never garbage."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return check(LIBC.syscall(ctypes.c_long(number), *words), path)
