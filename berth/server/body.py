"""A request's body as a stream, with back-pressure to the client."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from berth.base.errors import InvalidArgument

HIGH_WATER = 256 << 10
"""Bytes waiting for the handler above which the socket is not read."""

JSON_LIMIT = 16 << 20
"""The largest body that is taken as one JSON document."""


class RequestBody:
    """Chunks as they come; one reader. The protocol feeds it, the handler iterates or reads it whole."""

    __slots__ = ("_begin", "_chunks", "_error", "_finished", "_resume", "_size", "_waiter")

    def __init__(self, *, begin: Callable[[], None], resume: Callable[[], None]) -> None:
        """``begin`` is called before the first wait for bytes (it answers Expect: 100-continue), ``resume``
        when the handler has caught up."""
        self._begin = begin
        self._resume = resume
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._finished = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def complete(self) -> bool:
        """Whether the last byte has arrived (perhaps unread)."""
        return self._finished

    def feed(self, data: bytes) -> bool:
        """Take bytes from the connection; True when there are more waiting than there should be."""
        self._chunks.append(data)
        self._size += len(data)
        self._wake()
        return self._size > HIGH_WATER

    def finish(self) -> None:
        """The last byte has arrived."""
        self._finished = True
        self._wake()

    def fail(self, error: Exception) -> None:
        """The rest will never arrive."""
        if not self._finished:
            self._error = error
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next_chunk(self) -> bytes:
        """The next bytes, empty at the end; raises what ``fail`` was given when the body breaks off."""
        while not self._chunks:
            if self._finished:
                return b""
            if self._error is not None:
                raise self._error
            self._begin()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._chunks.popleft()
        was_high = self._size > HIGH_WATER
        self._size -= len(data)
        if was_high and self._size <= HIGH_WATER:
            self._resume()
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.next_chunk():
            yield chunk

    async def read(self, limit: int = JSON_LIMIT) -> bytes:
        """The whole body; InvalidArgument when it is larger than ``limit`` bytes."""
        parts: list[bytes] = []
        size = 0
        while chunk := await self.next_chunk():
            size += len(chunk)
            if size > limit:
                raise InvalidArgument(f"the request body is larger than {limit} bytes")
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)
