"""Processes by descriptor: signals that can't hit a stranger, and exits that can be awaited.

A pid from a file may belong to somebody else after a reboot or a long time. So every remembered pid goes
with its start time (clock ticks since boot, field 22 of ``/proc/PID/stat``).
"""

import asyncio
import functools
import os
import select
import signal
from collections.abc import Callable
from typing import Self

from berth.kernel.libc import LIBC, check

_PR_SET_CHILD_SUBREAPER = 36
_SMALL = 64 << 10


def read_small(path: str) -> bytes:
    """A file of at most 64 KiB in three system calls: a start reads thousands of such files."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _SMALL)
    finally:
        os.close(fd)


def process_start_time(pid: int) -> int | None:
    """Start time in clock ticks since boot, or None when there is no such process. Zombies have one."""
    try:
        text = read_small(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in parentheses and may hold any byte: count fields after the last one.
    return int(text[text.rindex(b")") + 2 :].split()[19])


def process_is_zombie(pid: int) -> bool:
    """Whether the process has ended and waits for its parent."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text[text.rindex(b")") + 2 : text.rindex(b")") + 3] in (b"Z", b"X")


def process_number(fd: int) -> int:
    """A number that no other process of this boot ever has, by a pidfd; 0 before Linux 6.9.

    Asking for it costs a microsecond; ``/proc/PID/stat`` eighty, when nobody has looked there before.
    """
    return os.fstat(fd).st_ino if _numbers_processes() else 0


@functools.cache
def _numbers_processes() -> bool:
    """Whether pidfds have inodes of their own. Before, all of them shared one."""
    inodes = set()
    for pid in (1, os.getpid()):
        fd = os.pidfd_open(pid)
        inodes.add(os.fstat(fd).st_ino)
        os.close(fd)
    return len(inodes) > 1


class PidFd:
    """One process, held so that its pid can't be given to another one unnoticed."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd

    @classmethod
    def open(cls, pid: int, start_time: int | None = None, number: int = 0) -> Self:
        """Hold process ``pid``; ProcessLookupError when it is gone or not the one that was meant.

        Which one is meant is known by ``number`` (``process_number``, of the same boot) or, where the kernel
        has none, by ``start_time``.
        """
        fd = os.pidfd_open(pid)
        if number:
            meant = process_number(fd) == number
        else:
            found = process_start_time(pid)
            meant = found is not None and start_time in (None, found)
        if not meant:
            os.close(fd)
            raise ProcessLookupError(3, os.strerror(3), str(pid))
        return cls(pid, fd)

    def send_signal(self, number: int) -> None:
        """Signal this very process; ProcessLookupError when it has been reaped."""
        signal.pidfd_send_signal(self.fd, number)

    def exited(self) -> bool:
        """Whether the process has ended (it may still be a zombie)."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        return bool(poll.poll(0))

    async def wait_exit(self) -> None:
        """Return once the process has ended. The exit status is its parent's to read.

        One waiter at a time per PidFd: the loop keeps one reader per descriptor.
        """
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def notice() -> None:
            if not ended.done():
                ended.set_result(None)

        loop.add_reader(self.fd, notice)
        try:
            await ended
        finally:
            loop.remove_reader(self.fd)

    def close(self) -> None:
        """Let go of the process; harmless when called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ExitWatch:
    """Tells of the ends of many processes through one descriptor of the running loop.

    The loop's own reader for each of them costs a daemon that finds hundreds of containers ten times as much.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[], None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, fd: int, call: Callable[[], None]) -> None:
        """Have ``call`` called once, from the loop, when the process of pidfd ``fd`` has ended."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self._notice)
        self._epoll.register(fd, select.EPOLLIN)
        self._calls[fd] = call

    def discard(self, fd: int) -> None:
        """Forget a pidfd that is about to be closed; harmless when its end was told."""
        if self._calls.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def close(self) -> None:
        """Forget all; the pidfds stay open. Harmless when called twice."""
        self._calls.clear()
        if self._loop is not None and not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _notice(self) -> None:
        assert self._loop is not None
        for fd, _ in self._epoll.poll(0):
            call = self._calls.get(fd)
            self.discard(fd)
            if call is not None:
                self._loop.call_soon(call)


def set_child_subreaper(*, enabled: bool) -> None:
    """Make orphaned descendants children of this process instead of init's (prctl(2))."""
    check(LIBC.prctl(_PR_SET_CHILD_SUBREAPER, int(enabled), 0, 0, 0))
