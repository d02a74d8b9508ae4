"""One container in memory: its current record, the one lock that guards changes, and who waits for it."""

import asyncio
from typing import NamedTuple

import msgspec

from berth.engine.container.console import Console
from berth.engine.container.record import ContainerRecord, ContainerState
from berth.runtime.monitor import Process


class ExitStatus(NamedTuple):
    """How a container ended: its code, and the engine's own words when it could not be run."""

    code: int
    error: str = ""


class Cell:
    """Readers take ``record`` without the lock and can never see half a change; whoever changes the
    container holds ``lock`` from the decision to the new record. No lock is held while waiting for a
    client, a registry or an exit.
    """

    def __init__(self, record: ContainerRecord) -> None:
        self.record = record
        self.lock = asyncio.Lock()
        self.process: Process | None = None
        self.console = Console()
        self.restart_timer: asyncio.Task[None] | None = None
        self.restart_delay_s = 0.0
        self.keep = False
        """Set while ``restart`` works: the exit in its middle does not trigger ``--rm``."""
        self.detach_keys = ""
        self.secret_env: tuple[str, ...] = ()
        """Variables for the process that are written into no record: secrets of a build step."""
        self.run_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the current run has ended and its output is written; a new one for each run."""
        self.health_task: asyncio.Task[None] | None = None
        self._exits: list[asyncio.Future[ExitStatus]] = []
        self._removals: list[asyncio.Future[ExitStatus]] = []
        self.last_exit = ExitStatus(record.state.exit_code)

    @property
    def id(self) -> str:
        """The container's identifier."""
        return self.record.id

    @property
    def state(self) -> ContainerState:
        """The current state."""
        return self.record.state

    def replace(self, record: ContainerRecord) -> ContainerRecord:
        """Make ``record`` the current one, one revision on."""
        self.record = msgspec.structs.replace(record, revision=self.record.revision + 1)
        return self.record

    def with_state(self, **changes: object) -> ContainerRecord:
        """The current record with some fields of its state replaced (not yet made current)."""
        return msgspec.structs.replace(
            self.record, state=msgspec.structs.replace(self.record.state, **changes)
        )

    def begin_run(self, process: Process) -> None:
        """A run has begun, or was found going on."""
        self.process = process
        self.run_over = asyncio.get_running_loop().create_future()

    def end_run(self) -> None:
        """The run is over: followers of the log read the rest and end."""
        self.process = None
        self.console.unbind()
        if not self.run_over.done():
            self.run_over.set_result(None)

    def next_exit(self) -> asyncio.Future[ExitStatus]:
        """A future of the next exit, from now on."""
        return _waiter(self._exits)

    def removal(self) -> asyncio.Future[ExitStatus]:
        """A future of the moment when the container is gone, with its last exit status."""
        return _waiter(self._removals)

    def announce_exit(self, status: ExitStatus) -> None:
        """Wake those who wait for the next exit."""
        self.last_exit = status
        _resolve(self._exits, status)

    def announce_removal(self) -> None:
        """Wake those who wait for the removal; a container that never ran ends their wait for an exit."""
        _resolve(self._exits, self.last_exit)
        _resolve(self._removals, self.last_exit)


def _waiter(waiters: list[asyncio.Future[ExitStatus]]) -> asyncio.Future[ExitStatus]:
    future: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
    waiters.append(future)
    return future


def _resolve(waiters: list[asyncio.Future[ExitStatus]], status: ExitStatus) -> None:
    woken = waiters[:]
    waiters.clear()
    for future in woken:
        if not future.done():
            future.set_result(status)
