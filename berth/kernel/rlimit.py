"""Which resource limits this process may give to its children.

A container's ulimits are set by the runtime, which inherits the daemon's rights. Where the kernel would
refuse, the wish is cut beforehand, so that a container starts with a warning instead of not at all.
"""

import fcntl
import os
import resource
from typing import NamedTuple

from berth.kernel.capabilities import effective_capabilities

RLIM_INFINITY = -1
_TABLE = 8192
"""Descriptors; 64 KiB of the kernel's memory."""

_NUMBERS = {
    name[len("RLIMIT_") :].lower(): getattr(resource, name)
    for name in (
        "RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_MEMLOCK",
        "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO",
        "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK",
    )
    if hasattr(resource, name)
}  # fmt: skip
_NUMBERS.setdefault("locks", 10)
_NUMBERS.setdefault("rttime", 15)


class Limit(NamedTuple):
    """Soft and hard value; RLIM_INFINITY is -1 as in Docker's API."""

    soft: int
    hard: int


def own_limit(name: str) -> Limit:
    """This process's limit by Docker's name (``nofile``, ``memlock``); KeyError for an unknown one."""
    soft, hard = resource.getrlimit(_NUMBERS[name])
    return Limit(_signed(soft), _signed(hard))


def _signed(value: int) -> int:
    return RLIM_INFINITY if value == resource.RLIM_INFINITY else value


def highest_hard(name: str) -> int:
    """The highest hard limit that this process may set: its own one, or the kernel's with CAP_SYS_RESOURCE.

    For ``nofile`` the kernel's own end is ``fs.nr_open``.
    """
    if "CAP_SYS_RESOURCE" not in effective_capabilities():
        return own_limit(name).hard
    if name == "nofile":
        with open("/proc/sys/fs/nr_open", encoding="ascii") as file:
            return int(file.read())
    return RLIM_INFINITY


def clamp(wish: Limit, highest: int) -> Limit:
    """``wish`` cut to what ``highest`` allows."""
    if highest == RLIM_INFINITY:
        return wish
    return Limit(_lower(wish.soft, highest), _lower(wish.hard, highest))


def _lower(value: int, highest: int) -> int:
    return highest if value == RLIM_INFINITY else min(value, highest)


def raise_own_nofile() -> int:
    """Raise this process's soft limit of open files to its hard one and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return _signed(hard)


def widen_descriptor_table() -> None:
    """Make room for thousands of descriptors at once. Call it before the first thread.

    The kernel doubles a process's table when it is full (64, 128, 256 ...), and with threads each time waits
    for a grace period: 10 to 25 ms in which whoever wanted the descriptor, the event loop, stands still.
    """
    highest = own_limit("nofile").soft
    wanted = _TABLE if highest == RLIM_INFINITY else min(_TABLE, highest)
    with open(os.devnull, "rb") as file:
        os.close(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, wanted - 1))
