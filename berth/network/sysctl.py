"""Kernel switches under ``/proc/sys``, of the calling thread's network namespace."""

import os
from pathlib import Path

from berth.base.errors import Unavailable

_ROOT = Path("/proc/sys")


def read_number(name: str) -> int | None:
    """A switch such as ``net/ipv4/ip_forward``; None when the kernel does not have it."""
    try:
        return int((_ROOT / name).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def write_fresh(name: str, value: str) -> None:
    """Set a switch of a namespace that was made just now: no look at the old value, no pathlib, as every
    container waits for it. FileNotFoundError when the kernel lacks it."""
    fd = os.open(f"/proc/sys/{name}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def write_sysctl(name: str, value: str) -> None:
    """Set a switch unless it is set already, so that a read-only ``/proc/sys`` that is right will do.

    FileNotFoundError when the kernel lacks it; Unavailable when it may not be written.
    """
    file = _ROOT / name
    try:
        if file.read_text(encoding="ascii").strip() != value:
            file.write_text(value, encoding="ascii")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(
            f"cannot set {name.replace('/', '.')} to {value}: {error.strerror}",
            hint=f"set it once by hand: sysctl -w {name.replace('/', '.')}={value}",
        ) from error
