"""Keeps the logs of running containers within their bounds, so that output cannot fill the disk.

One task looks at the sizes of all logs: an inotify watch per container would hit the kernel's limit of
instances at a hundred of them. A look costs a microsecond or two per log. Logs are looked at every second;
one that grows fast enough to fill up before the next look is looked at sooner, so a file is too long by a
fraction of a second's output at most.
"""

import asyncio
import logging
from collections.abc import Callable

from berth.logs.file import FileLog

_log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_SHORTEST_S = 0.05
_LET_GO_S = 1.0
"""How long a monitor may take to begin its new file before the old one is compressed."""


class _Kept:
    """One log that is being written."""

    def __init__(self, log: FileLog, reopen: Callable[[], None]) -> None:
        self.log = log
        self.reopen = reopen
        self.size = 0  # not looked up: hundreds are kept at a start, and the first look finds out

    def next_look_s(self, elapsed_s: float) -> float:
        """Note how far the log has grown and return when to look again."""
        size = self.log.current_size()
        rate = max(0, size - self.size) / max(elapsed_s, _SHORTEST_S)
        self.size = size
        left = self.log.rotation.max_size - size
        return _PAUSE_S if rate == 0 else max(_SHORTEST_S, min(_PAUSE_S, left / rate / 2))


class LogKeeper:
    """``keep`` and ``let_go`` say which logs are written; ``run`` is the task that watches them."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._some = asyncio.Event()

    def keep(self, key: str, log: FileLog, reopen: Callable[[], None]) -> None:
        """Watch a log from now on; ``reopen`` makes its writer begin a new file (``Process.reopen_log``)."""
        if log.path is not None and log.rotation.max_size > 0:
            self._kept[key] = _Kept(log, reopen)
            self._some.set()

    def let_go(self, key: str) -> None:
        """The log is no longer written."""
        self._kept.pop(key, None)
        if not self._kept:
            self._some.clear()

    async def run(self) -> None:
        """Rotate whatever is full, for ever."""
        pause_s = _PAUSE_S
        while True:
            await self._some.wait()
            await asyncio.sleep(pause_s)
            pause_s = self.look(pause_s)

    def look(self, elapsed_s: float) -> float:
        """Rotate the full logs; returns the seconds until the next look. ``elapsed_s`` since the last one."""
        pause_s = _PAUSE_S
        for key, kept in tuple(self._kept.items()):
            pause_s = min(pause_s, kept.next_look_s(elapsed_s))
            if kept.size >= kept.log.rotation.max_size:
                self._rotate(key, kept)
        return pause_s

    def _rotate(self, key: str, kept: _Kept) -> None:
        try:
            kept.log.rotate(kept.reopen)
        except OSError as error:
            _log.error("rotating the log %s of %s: %s", kept.log.path, key, error)
            return
        kept.size = 0
        if kept.log.rotation.compress:
            loop = asyncio.get_running_loop()
            loop.call_later(_LET_GO_S, loop.run_in_executor, None, kept.log.compress_old)
