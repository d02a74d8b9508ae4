"""One SQLite file for everything that must survive: WAL, synchronous FULL, one writer off the loop.

On disk, below the data root::

    state.db        committed rows
    state.db-wal    committed rows that no checkpoint has moved yet
    state.db-shm    index of the WAL, rebuilt when missing

A change is a function of the connection, run in the writer thread inside a transaction. Changes that wait
together share one commit, so one fsync; each has a savepoint of its own, so one that raises takes no
neighbour with it. ``write`` returns after the commit is on disk: what was answered is never lost.

Reads are plain calls on a second connection. They see only committed rows, take tens of microseconds
and never wait for the writer (WAL), so they run on the event loop.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from berth.base.errors import Internal

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]

_BUSY_TIMEOUT_S = 30
_CHECKPOINT_PAGES = 1000


class _Job(NamedTuple):
    change: Change[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Database:
    """The engine's durable state; see the module for what a commit means."""

    def __init__(self, path: Path, reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
        self.path = path
        self._reader = reader
        self._writer = writer
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="state-writer", daemon=True)
        self._closed = False
        self._thread.start()

    @classmethod
    def open(cls, path: Path, schemas: Sequence[str]) -> Self:
        """Open or create the file and make sure that every room's tables exist.

        Raises Internal when the file is damaged or belongs to a newer program.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer = _connect(path)
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA synchronous = FULL")
            writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            for schema in schemas:
                writer.executescript(schema)
            reader = _connect(path)
            reader.execute("PRAGMA query_only = ON")
        except sqlite3.DatabaseError as error:
            raise Internal(
                f"cannot open the state file {path}: {error}",
                hint="move the file away to start with an empty engine, or restore it from a backup",
            ) from error
        path.chmod(0o600)
        return cls(path, reader, writer)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one committed-state query. Call it from the loop's thread only."""
        return self._reader.execute(sql, parameters).fetchall()

    async def write(self, change: Change[T]) -> T:
        """Run ``change`` in the writer's transaction and wait until it is durable.

        An exception of ``change`` undoes its own statements and is raised here. Cancelling the wait does
        not undo the change.
        """
        return await self.submit(change)

    def submit(self, change: Change[T]) -> asyncio.Future[T]:
        """Queue ``change`` behind those already queued and return at once.

        For changes that the kernel remembers as well (a start, an exit): they are recorded in order, but
        nobody's answer waits for the disk.
        """
        if self._closed:
            raise Internal("the state file is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(change, loop, future))
        return future

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` on the loop's thread after each commit that held at least one change."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Finish the waiting changes, then close both connections."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()

    def _run(self) -> None:
        while True:
            first = self._jobs.get()
            if first is None:
                return
            batch, ended = self._drain(first)
            self._commit(batch)
            if ended:
                return

    def _drain(self, first: _Job) -> tuple[list[_Job], bool]:
        batch = [first]
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
            if job is None:
                return batch, True
            batch.append(job)

    def _commit(self, batch: list[_Job]) -> None:
        outcomes: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes = [self._apply(job) for job in batch]
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            # Nothing of this batch reached the disk: every waiter must know.
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            failure = Internal(f"cannot write the state file {self.path}: {error}")
            outcomes = [(job, None, failure) for job in batch]
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Any, BaseException | None]]] = {}
        for outcome in outcomes:
            by_loop.setdefault(outcome[0].loop, []).append(outcome)
        for loop, mine in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._settle, mine)

    def _apply(self, job: _Job) -> tuple[_Job, Any, BaseException | None]:
        self._writer.execute("SAVEPOINT change")
        try:
            result = job.change(self._writer)
        except sqlite3.OperationalError:
            raise  # disk full, I/O error: the whole batch fails
        except Exception as error:  # noqa: BLE001 - handed to the waiter, whatever it is
            self._writer.execute("ROLLBACK TO change")
            self._writer.execute("RELEASE change")
            return job, None, error
        self._writer.execute("RELEASE change")
        return job, result, None

    def _settle(self, outcomes: list[tuple[_Job, Any, BaseException | None]]) -> None:
        for listener in self._listeners:
            listener()
        for job, result, error in outcomes:
            if job.future.done():
                continue
            if error is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(error)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
