"""A bridge from an async iterator of chunks to a thread that wants to read them, with bounded memory."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterable, Callable
from typing import TypeVar

from berth.base.tasks import TaskTree

T = TypeVar("T")

_HIGH_WATER = 8 << 20
_JOIN = 256 << 10


class FeedAborted(Exception):
    """The reader's thread learns that nobody waits for it any longer."""


class Feed:
    """Filled on the loop, read in a thread. The filler waits while ``_HIGH_WATER`` bytes lie unread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None
        self._closed = False
        self._condition = threading.Condition()
        self._room = asyncio.Event()

    async def fill(self, chunks: AsyncIterable[bytes]) -> None:
        """Take every chunk; an error of the iterator is raised in the reader's thread."""
        error: BaseException | None = None
        try:
            async for chunk in chunks:
                if not await self._put(chunk):
                    return
        except BaseException as raised:
            error = raised
            raise
        finally:
            with self._condition:
                self._ended, self._error = True, error
                self._condition.notify()

    async def _put(self, chunk: bytes) -> bool:
        with self._condition:
            self._room.clear()
            if chunk:
                self._chunks.append(chunk)
                self._size += len(chunk)
                self._condition.notify()
            full = self._size > _HIGH_WATER and not self._closed
        if full:
            await self._room.wait()
        return not self._closed

    def next_chunk(self) -> bytes:
        """In the thread: the next bytes, waiting for them; empty at the end."""
        with self._condition:
            while not self._chunks and not self._ended and not self._closed:
                self._condition.wait()
            if self._closed:
                raise FeedAborted
            was_full = self._size > _HIGH_WATER
            taken = self._take()
            self._size -= len(taken)
            wake = was_full and self._size <= _HIGH_WATER
            if not taken and self._error is not None:
                raise FeedAborted from self._error
        if wake:
            self._loop.call_soon_threadsafe(self._room.set)
        return taken

    def _take(self) -> bytes:
        """Small chunks joined, so that a sender of 4 KiB pieces does not cost a step for each."""
        if not self._chunks:
            return b""
        size = len(self._chunks[0])
        parts = [self._chunks.popleft()]
        while self._chunks and size + len(self._chunks[0]) <= _JOIN:
            size += len(self._chunks[0])
            parts.append(self._chunks.popleft())
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Let go of both sides: the thread gets FeedAborted, the filler stops."""
        with self._condition:
            self._closed = True
            self._chunks.clear()
            self._condition.notify()
        self._room.set()


async def run_fed(chunks: AsyncIterable[bytes], work: Callable[[Callable[[], bytes]], T]) -> T:
    """Run ``work(next_chunk)`` in a thread while ``chunks`` are fed to it.

    An error of either side ends both. When this is cancelled, the thread is told at its next read, and
    awaited: what it was building is cleaned up by it before this returns.
    """
    feed = Feed()
    tasks = TaskTree(lambda _name, _error: None)  # both are awaited below, whatever happens
    worker = tasks.spawn("read", asyncio.to_thread(work, feed.next_chunk))
    filler = tasks.spawn("feed", feed.fill(chunks))
    try:
        await asyncio.wait((worker, filler), return_when=asyncio.FIRST_COMPLETED)
        if not worker.done():
            await filler
        return await asyncio.shield(worker)
    except FeedAborted:
        await filler  # its error is the reason, and is raised here
        raise
    finally:
        feed.close()
        filler.cancel()
        await asyncio.gather(worker, filler, return_exceptions=True)
