"""Keeps a running container's log within its bounds.

A keeper sleeps until the file is written to, then until the file could be full at the fastest rate that a
monitor writes. So a quiet container costs nothing, a busy one a few looks a second, and a file is too long
by a fraction of a second's output at most.
"""

import asyncio
import logging
from collections.abc import Callable

from berth.kernel.inotify import IN_CREATE, IN_MODIFY, IN_MOVED_TO, Inotify
from berth.logs.driver import LogDriver
from berth.logs.file import FileLog

_log = logging.getLogger(__name__)

_FASTEST_BYTES_S = 300_000_000
_SHORTEST_S = 0.1
_LONGEST_S = 5.0


class LogKeeper:
    """``await keep()`` for as long as the container runs; cancel it at the end.

    ``reopen`` makes the monitor begin a new file (``Process.reopen_log``).
    """

    def __init__(self, log: FileLog, reopen: Callable[[], None]) -> None:
        self._log = log
        self._reopen = reopen

    async def keep(self) -> None:
        """Rotate whenever the current file is full; returns only when there are no bounds to keep."""
        path = self._log.path
        limit = self._log.rotation.max_size
        if path is None or limit <= 0:
            return
        with Inotify() as changes:
            changes.add(path.parent, IN_MODIFY | IN_CREATE | IN_MOVED_TO)
            while True:
                left = limit - self._log.current_size()
                if left <= 0:
                    await self._rotate()
                    left = limit
                await asyncio.sleep(max(_SHORTEST_S, min(_LONGEST_S, left / _FASTEST_BYTES_S)))
                # Only now: events that came while we slept are one wake-up.
                await _wait_for(changes, path.name)

    async def _rotate(self) -> None:
        try:
            self._log.rotate(self._reopen)
            if self._log.rotation.compress:
                await self._compress()
        except OSError as error:
            _log.error("rotating %s: %s", self._log.path, error)

    async def _compress(self) -> None:
        """In a thread, once the writer has made its new file (which takes it well under a second)."""
        await asyncio.sleep(1)
        await asyncio.to_thread(self._log.compress_old)


async def keep_log(log: LogDriver, reopen: Callable[[], None]) -> None:
    """Keep any container's log; returns at once for one that needs no keeping."""
    if isinstance(log, FileLog):
        await LogKeeper(log, reopen).keep()


async def _wait_for(changes: Inotify, name: str) -> None:
    while True:
        if any(change.name == name or not change.name for change in await changes.wait_changes()):
            return
