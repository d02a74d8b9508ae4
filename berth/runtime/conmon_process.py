"""One run of a container under a conmon: its start, its streams, its end."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from berth.kernel.cgroup import Cgroup
from berth.kernel.pidfd import ExitWatch, PidFd
from berth.runtime.conmon_io import ConmonIO
from berth.runtime.conmon_record import EXIT, OOM, MonitorRecord, read_number, write_trace
from berth.runtime.monitor import Exit
from berth.runtime.oci import OciRuntime
from berth.runtime.spawn import Child

_KILLED = 137
_TICK_NS = 10_000_000


class StartedConmon(NamedTuple):
    """A conmon: our own child, or one found again (``held``), or one that has ended (neither)."""

    record: MonitorRecord
    child: Child | None
    held: PidFd | None = None


class ConmonProcess:
    """See ``monitor.Process``."""

    def __init__(
        self,
        container_id: str,
        run_dir: Path,
        runtime: OciRuntime,
        conmon: StartedConmon,
        group: Cgroup | None,
        *,
        exits: ExitWatch,
        on_release: Callable[["ConmonProcess"], None],
        on_started: Callable[[], None],
    ) -> None:
        self._container_id = container_id
        self._run_dir = run_dir
        self._runtime = runtime
        self._conmon = conmon
        self._group = group
        self._exits = exits
        self._on_release = on_release
        self._on_started = on_started
        self._pid = 0
        self._command = ""
        record = conmon.record
        self.io = ConmonIO(
            run_dir,
            terminal=record.terminal,
            stdin=record.stdin,
            end_with_client=record.end_with_client,
        )
        self._ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._watch()

    @property
    def pid(self) -> int:
        """The container's process 1."""
        return self._pid

    @property
    def ended(self) -> bool:
        """See ``monitor.Process``."""
        child, held = self._conmon.child, self._conmon.held
        if self._ended.done() or child is not None:
            return self._ended.done()
        return held is None or held.exited()

    @property
    def trace(self) -> str:
        """See ``monitor.Process``."""
        return write_trace(self._conmon.record, self._pid)

    def adopt_pid(self, pid: int, command: str) -> None:
        """Set by the monitor: the process, and the command's first word for error texts."""
        self._pid = pid
        self._command = command

    async def start(self) -> None:
        """Let the command run."""
        try:
            await self._runtime.start(self._container_id, self._command)
        finally:
            self._on_started()

    async def wait(self) -> Exit:
        """Return when the process has ended."""
        return await asyncio.shield(self._ended)

    def when_ended(self, call: Callable[[Exit], None]) -> None:
        """See ``monitor.Process``."""
        self._ended.add_done_callback(lambda ended: None if ended.cancelled() else call(ended.result()))

    def reopen_log(self) -> None:
        """Make conmon open its log file anew."""
        self.io.control("2 0 0\n")

    def release(self) -> None:
        """Close connection and descriptors; conmon goes on. Whoever still waits is cancelled."""
        self._let_go()
        self._ended.cancel()
        self.io.close()

    def _watch(self) -> None:
        """Have ``_gone`` called once conmon has ended."""
        child, held = self._conmon.child, self._conmon.held
        if child is not None:
            child.when_ended(self._gone)
        elif held is not None:
            self._exits.add(held.fd, self._gone)
        else:
            asyncio.get_running_loop().call_soon(self._gone)

    def _gone(self) -> None:
        if self._ended.done():
            return
        self._let_go()
        self._ended.set_result(self._read_exit())
        self.io.finish()

    def _let_go(self) -> None:
        held = self._conmon.held
        if held is not None and held.fd >= 0:
            self._exits.discard(held.fd)
            held.close()
        self._on_release(self)

    def _read_exit(self) -> Exit:
        """conmon's last word; without one it was killed itself, and its container must not run on alone."""
        path = self._run_dir / EXIT
        code = read_number(path)
        oom = (self._run_dir / OOM).exists() or (self._group is not None and self._group.oom_kills() > 0)
        if code is None:
            if self._group is not None:
                self._group.kill()
            return Exit(_KILLED, oom, time.time_ns())
        return Exit(code if code >= 0 else _KILLED, oom, _end(os.stat(path).st_mtime_ns))


def _end(written_ns: int) -> int:
    """When the container ended: files have the time of the last clock tick, up to 10 ms before now."""
    return min(time.time_ns(), written_ns + _TICK_NS)
