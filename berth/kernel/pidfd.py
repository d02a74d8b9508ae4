"""Processes by descriptor: signals that can't hit a stranger, and exits that can be awaited.

A pid from a file may belong to somebody else after a reboot or a long time. So every remembered pid goes
with its start time (clock ticks since boot, field 22 of ``/proc/PID/stat``).
"""

import asyncio
import os
import select
import signal
from typing import Self

from berth.kernel.libc import LIBC, check

_PR_SET_CHILD_SUBREAPER = 36


def process_start_time(pid: int) -> int | None:
    """Start time in clock ticks since boot, or None when there is no such process. Zombies have one."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
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


class PidFd:
    """One process, held so that its pid can't be given to another one unnoticed."""

    def __init__(self, pid: int, fd: int, start_time: int) -> None:
        self.pid = pid
        self.fd = fd
        self.start_time = start_time

    @classmethod
    def open(cls, pid: int, start_time: int | None = None) -> Self:
        """Hold process ``pid``; ProcessLookupError when it is gone or not the one of ``start_time``."""
        fd = os.pidfd_open(pid)
        found = process_start_time(pid)
        if found is None or (start_time is not None and found != start_time):
            os.close(fd)
            raise ProcessLookupError(3, os.strerror(3), str(pid))
        return cls(pid, fd, found)

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


def set_child_subreaper(*, enabled: bool) -> None:
    """Make orphaned descendants children of this process instead of init's (prctl(2))."""
    check(LIBC.prctl(_PR_SET_CHILD_SUBREAPER, int(enabled), 0, 0, 0))
