"""The contract between the engine and whatever holds a container's streams, log and exit status.

A monitor outlives the daemon: kill the daemon, and the container runs on, its output goes on into the log
file, and its exit status waits in the run directory. ``adopt`` takes such a run up again.

One run, from start to end::

    create -> Process (exists, does not run yet; attach now to miss nothing)
    process.start() -> the command runs
    process.wait() -> Exit, once it has ended and all its output is in the log

The caller makes the run directory and removes it after the end; ``discard`` makes sure that nothing of a
run is left, whatever state a crash left it in.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from berth.runtime.oci import OciRuntime
from berth.runtime.stdio import ProcessIO


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """What to create. ``spec`` is the whole ``config.json``.

    ``log_path`` None keeps no log. ``stdin`` keeps the standard input open for clients; with ``stdin_once``
    it ends when the first client's does (never with a terminal, as in Docker).
    """

    container_id: str
    run_dir: Path
    runtime: OciRuntime
    spec: dict[str, Any]
    log_path: Path | None = None
    terminal: bool = False
    stdin: bool = False
    stdin_once: bool = False


class Exit(NamedTuple):
    """How the process ended: exit code (128+n for signal n), whether memory ran out, when (ns since 1970)."""

    code: int
    oom: bool
    at_ns: int


class Process(Protocol):
    """One run of a container."""

    @property
    def pid(self) -> int:
        """The container's process 1, as a pid of the host."""

    @property
    def ended(self) -> bool:
        """Whether the process has ended, even if nobody was told yet."""

    @property
    def trace(self) -> str:
        """What makes ``adopt`` quick, in this boot; empty when nothing does. Nobody else reads it."""

    @property
    def io(self) -> ProcessIO:
        """Its streams."""

    async def start(self) -> None:
        """Let the command run. LaunchError when it cannot; nothing is left then."""

    async def wait(self) -> Exit:
        """Return when the process has ended. Any number of callers may wait; at most once is enough."""

    def when_ended(self, call: Callable[[Exit], None]) -> None:
        """Have ``call`` called, from the loop, once the process has ended; not when it is released before.

        What ``wait`` does, without a task for every container that runs.
        """

    def reopen_log(self) -> None:
        """The log file has been renamed: write on into a new one of the old name."""

    def release(self) -> None:
        """Let go of what the daemon holds for this run (descriptors); the run itself is not touched."""


class Monitor(Protocol):
    """Makes processes that outlive the daemon."""

    def prepare(self) -> None:
        """A start is near: do whatever makes it faster. Optional to call, cheap, safe to repeat."""

    def expect(self) -> None:
        """A client has come, and may want something started: the least preparation, for a suspicion only."""

    async def create(self, launch: Launch) -> Process:
        """Create the container's process, not running yet. LaunchError when it cannot; nothing is left."""

    async def adopt(
        self, container_id: str, run_dir: Path, runtime: OciRuntime, trace: str = ""
    ) -> Process | None:
        """Take up a run that an earlier daemon began; None when nothing can be found of it.

        ``trace`` is that of the process where the caller has kept it: it is found sooner then. One of an
        earlier run of the same container does no harm.

        A run that has ended meanwhile is found too: its ``wait`` returns at once, with the time of its end.
        """

    async def discard(self, container_id: str, run_dir: Path, runtime: OciRuntime) -> None:
        """End whatever there is of a run: monitor, processes, runtime state, cgroup. Safe to repeat."""

    async def close(self) -> None:
        """Let go of every run without touching it."""
