"""Programs started by posix_spawn(3) and watched by pidfd.

Half a millisecond a program, whatever the daemon's size, and no thread; asyncio's subprocess costs twice
that. Small outputs are collected in a memory file, so that no reader runs while the program does.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from berth.kernel.pidfd import process_number

BASE_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""What programs of the host get: never the daemon's own environment, which may hold secrets."""

_RESET_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these, and what is ignored stays so across exec: containers would inherit it."""

_OUTPUT_LIMIT = 16 << 20


class Finished(NamedTuple):
    """How a program ended: exit status, 128+n when signal n killed it."""

    code: int
    stdout: bytes
    stderr: bytes


class Child:
    """A running program. It is reaped when it ends, even when nobody waits any more."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(pidfd, self._reap)

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] = BASE_ENVIRONMENT,
        descriptors: Mapping[int, int] | None = None,
        inherit: Sequence[int] = (),
    ) -> "Child":
        """Start ``argv[0]`` (a path).

        ``descriptors`` maps 0, 1 and 2 to descriptors of ours; what is not named is /dev/null. ``inherit``
        are descriptors that keep their number. OSError when the program cannot be started.
        """
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            given = descriptors or {}
            actions = [(os.POSIX_SPAWN_DUP2, given.get(number, null), number) for number in (0, 1, 2)]
            actions += [(os.POSIX_SPAWN_DUP2, number, number) for number in inherit]
            pid = os.posix_spawn(
                argv[0], list(argv), dict(env), file_actions=actions, setsigmask=[], setsigdef=_RESET_SIGNALS
            )
        finally:
            os.close(null)
        # No race: an unreaped child keeps its pid.
        return cls(pid, os.pidfd_open(pid))

    @property
    def number(self) -> int:
        """See ``kernel.pidfd.process_number``; 0 once the program has ended."""
        return 0 if self._exited.done() else process_number(self._pidfd)

    @property
    def exit_code(self) -> int | None:
        """The exit status once the program has ended."""
        return self._exited.result() if self._exited.done() else None

    async def wait(self) -> int:
        """Return the exit status once the program has ended (128+n when signal n killed it)."""
        return await asyncio.shield(self._exited)

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, from the loop, once the program has ended."""
        self._exited.add_done_callback(lambda _: call())

    def send_signal(self, number: int) -> None:
        """Signal the program; nothing when it has ended."""
        if not self._exited.done():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def _reap(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            code = 255  # somebody else reaped it: the status is lost
        else:
            if result is None:
                return
            code = result.si_status if result.si_code == os.CLD_EXITED else 128 + result.si_status
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._exited.set_result(code)


async def run_program(
    argv: Sequence[str], *, env: Mapping[str, str] = BASE_ENVIRONMENT, inherit: Sequence[int] = ()
) -> Finished:
    """Run ``argv`` to its end and collect what it says. A caller that is cancelled leaves it to its end."""
    with contextlib.ExitStack() as stack:
        out, err = (memory_file(stack, name) for name in ("stdout", "stderr"))
        child = Child.spawn(argv, env=env, descriptors={1: out, 2: err}, inherit=inherit)
        code = await child.wait()
        return Finished(code, read_memory_file(out), read_memory_file(err))


def memory_file(stack: contextlib.ExitStack, name: str) -> int:
    """A file in memory for a program's output, closed with ``stack``."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    stack.callback(os.close, fd)
    return fd


def read_memory_file(fd: int) -> bytes:
    """What was written to it so far."""
    return os.pread(fd, min(os.fstat(fd).st_size, _OUTPUT_LIMIT), 0)
