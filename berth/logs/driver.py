"""The contract of a container's log."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from berth.base.errors import Unsupported
from berth.logs.entry import Entry, LogQuery


class LogDriver(Protocol):
    """One container's log, over all its runs. The monitor writes; here it is read, bounded and removed."""

    @property
    def path(self) -> Path | None:
        """The file that the monitor writes, None when nothing is kept."""

    def batches(
        self, query: LogQuery, ended: "asyncio.Future[None] | None" = None
    ) -> AsyncIterator[list[Entry]]:
        """Entries in lists as they come. ``ended``: done when the running container has ended and all its
        output is written, None when it does not run. Unsupported when nothing is kept."""

    def read(self, query: LogQuery, ended: "asyncio.Future[None] | None" = None) -> AsyncIterator[Entry]:
        """The same, one by one."""

    def size(self) -> int:
        """Bytes on disk."""

    def rotate(self, reopen: Callable[[], None]) -> None:
        """Put the current file aside and have ``reopen`` make the writer begin a new one."""

    def remove(self) -> None:
        """Remove everything. Safe to repeat."""


class NoLog:
    """The driver ``none``."""

    path: Path | None = None

    def batches(
        self, query: LogQuery, ended: "asyncio.Future[None] | None" = None
    ) -> AsyncIterator[list[Entry]]:
        """There is nothing to read."""
        del query, ended
        raise Unsupported("configured logging driver does not support reading")

    def read(self, query: LogQuery, ended: "asyncio.Future[None] | None" = None) -> AsyncIterator[Entry]:
        """There is nothing to read."""
        del query, ended
        raise Unsupported("configured logging driver does not support reading")

    def size(self) -> int:
        """Nothing."""
        return 0

    def rotate(self, reopen: Callable[[], None]) -> None:
        """Nothing to do."""

    def remove(self) -> None:
        """Nothing to do."""
