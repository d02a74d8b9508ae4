"""Reading a log: old files and the current one, from the right place, and on as it grows."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from berth.kernel.inotify import IN_CREATE, IN_MODIFY, IN_MOVED_TO, Inotify
from berth.logs.entry import Entry, LogQuery
from berth.logs.parts import open_part, rotated_parts
from berth.logs.record import Joiner
from berth.logs.tail import Start, find_tail
from berth.wire.stdcopy import STDERR, STDOUT

_BLOCK = 256 << 10
_CHANGES = IN_MODIFY | IN_CREATE | IN_MOVED_TO
_LOOK_S = 0.25


class LogReader:
    """One pass over a log. The files opened stay readable when they are rotated or removed meanwhile."""

    def __init__(self, path: Path, query: LogQuery) -> None:
        self._path = path
        self._query = query
        self._joiner = Joiner()
        self._wanted = {s for s, want in ((STDOUT, query.stdout), (STDERR, query.stderr)) if want}
        self._past_end = False

    async def batches(self, ended: "asyncio.Future[None] | None") -> AsyncIterator[list[Entry]]:
        """The entries asked for, in lists as they come. With ``follow`` until ``ended`` is done (None: the
        container does not run, nothing will come) or ``until_ns`` has passed."""
        follow = self._query.follow and ended is not None and not ended.done()
        with contextlib.ExitStack() as stack:
            wake = stack.enter_context(_Wake(self._path, ended)) if follow and ended is not None else None
            files = self._open_all(stack)
            start = Start(0, 0) if self._query.tail is None else find_tail(files, self._query.tail)
            if start.before:
                deque(self._joiner.feed(b"\n".join(start.before) + b"\n"), maxlen=0)
            for index in range(start.file, len(files)):
                offset = start.offset if index == start.file else 0
                async for batch in self._read(files[index], offset):
                    yield batch
            if wake is not None:
                current = files[-1] if files else None
                async for batch in self._follow(current, wake, stack):
                    yield batch
            if last := self._chosen(self._joiner.flush()):
                yield last

    def _open_all(self, stack: contextlib.ExitStack) -> list[BinaryIO]:
        """Every file, oldest first. A rotation in between is noticed and the files are opened again."""
        while True:
            files = [file for part in rotated_parts(self._path) if (file := open_part(part)) is not None]
            with contextlib.suppress(FileNotFoundError):
                files.append(self._path.open("rb"))
            for file in files:
                stack.enter_context(file)
            inodes = [os.fstat(file.fileno()).st_ino for file in files]
            if len(set(inodes)) == len(inodes):
                return files

    async def _read(self, file: BinaryIO, offset: int) -> AsyncIterator[list[Entry]]:
        """What the file has from ``offset`` on; leaves the file's position behind it."""
        file.seek(offset)
        while not self._past_end and (block := file.read(_BLOCK)):
            if batch := self._chosen(self._parse(block)):
                yield batch
            # A long log must not keep the loop to itself when its reader is fast.
            await asyncio.sleep(0)

    def _parse(self, block: bytes) -> Iterator[Entry]:
        query = self._query
        bounded = query.since_ns or query.until_ns
        return self._joiner.feed_joined(block) if query.joined and not bounded else self._joiner.feed(block)

    def _chosen(self, entries: Iterator[Entry]) -> list[Entry]:
        since, until = self._query.since_ns, self._query.until_ns
        chosen = []
        for entry in entries:
            if until and entry.time_ns > until:
                self._past_end = True
                break
            if entry.stream in self._wanted and entry.time_ns >= since:
                chosen.append(entry)
        return chosen

    async def _follow(
        self, current: BinaryIO | None, wake: "_Wake", stack: contextlib.ExitStack
    ) -> AsyncIterator[list[Entry]]:
        """Read on until the container has ended; through rotations too."""
        while not self._past_end:
            # Whether it has ended is asked before reading: what was written before the end is read then.
            over = wake.over
            if current is not None:
                async for batch in self._read(current, current.tell()):
                    yield batch
            newer = self._next_file(current)
            if newer is not None:
                if current is not None:
                    # The writer may have added to the old file until it made the new one.
                    async for batch in self._read(current, current.tell()):
                        yield batch
                current = stack.enter_context(newer)
            elif over or not await wake.wait(self._query.until_ns):
                return

    def _next_file(self, current: BinaryIO | None) -> BinaryIO | None:
        """The file that follows ``current`` after a rotation, None while it is the newest."""
        paths = [part.path for part in rotated_parts(self._path) if not part.compressed]
        if self._path.exists():
            paths.append(self._path)
        mine = os.fstat(current.fileno()).st_ino if current is not None else -1
        inodes: list[int] = []
        for path in paths:
            try:
                inodes.append(os.stat(path).st_ino)
            except FileNotFoundError:
                inodes.append(-2)
        if mine in inodes:
            position = inodes.index(mine) + 1
            candidates = paths[position:]
        else:
            # Ours has been rotated away altogether, or there was none yet.
            candidates = paths[-1:] if mine >= 0 else paths
        for path in candidates:
            with contextlib.suppress(FileNotFoundError):
                file = path.open("rb")
                if os.fstat(file.fileno()).st_ino != mine:
                    return file
                file.close()
        return None


class _Wake:
    """Wakes a follower: the log's directory has changed, the container has ended, or time is up.

    The kernel allows a user 128 inotify instances by default; a follower that gets none looks by the clock.
    """

    def __init__(self, path: Path, ended: "asyncio.Future[None]") -> None:
        self._name = path.name
        self._ended = ended
        self._event = asyncio.Event()
        self._inotify: Inotify | None = None
        with contextlib.suppress(OSError):
            self._inotify = Inotify()
            self._inotify.add(path.parent, _CHANGES)

    @property
    def over(self) -> bool:
        """Whether the container has ended."""
        return self._ended.done()

    async def wait(self, until_ns: int) -> bool:
        """Return True after a change or the end; False when ``until_ns`` has come first."""
        timeout = None if not until_ns else (until_ns - time.time_ns()) / 1e9
        if timeout is not None and timeout <= 0:
            return False
        try:
            async with asyncio.timeout(timeout):
                while not self._ended.done():
                    if await self._changed():
                        return True
        except TimeoutError:
            return False
        return True

    async def _changed(self) -> bool:
        if self._inotify is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._event.wait()
            return True
        await self._event.wait()
        self._event.clear()
        names = [change.name for change in self._inotify.read_nowait()]
        return any(name.startswith(self._name) or not name for name in names)

    def __enter__(self) -> "_Wake":
        if self._inotify is not None:
            asyncio.get_running_loop().add_reader(self._inotify.fd, self._event.set)
        self._ended.add_done_callback(self._on_end)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.remove_done_callback(self._on_end)
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fd)
            self._inotify.close()

    def _on_end(self, _: "asyncio.Future[None]") -> None:
        self._event.set()
