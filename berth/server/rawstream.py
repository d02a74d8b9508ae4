"""The raw connection after a takeover: bytes both ways, half-close, bounded buffers."""

import asyncio
from collections import deque
from collections.abc import Callable

from berth.server.wire import Wire, WriteGate

_HIGH_WATER = 128 << 10


class RawStream(asyncio.Protocol):
    """Reads give b"" once the client has stopped sending; it may still be listening then."""

    def __init__(self, wire: Wire, gate: WriteGate, *, early: bytes, at_eof: bool) -> None:
        """``early`` are bytes that came with the request, ``at_eof`` whether the client has already stopped
        sending, ``gate`` follows the transport's buffer. ``on_eof`` and ``on_lost`` tell the connection when
        the client stops sending and when it is gone."""
        self._wire = wire
        self._gate = gate
        self.on_eof: Callable[[], None] = _nothing
        self.on_lost: Callable[[], None] = _nothing
        self._chunks: deque[bytes] = deque([early] if early else [])
        self._size = len(early)
        self._eof = at_eof
        self._reading_paused = False
        self._waiter: asyncio.Future[None] | None = None

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _HIGH_WATER and not self._reading_paused:
            self._reading_paused = True
            self._wire.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._eof = True
        self._wake()
        self.on_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._eof = True
        self._gate.lose()
        self._wake()
        self.on_lost()

    def pause_writing(self) -> None:
        self._gate.pause()

    def resume_writing(self) -> None:
        self._gate.resume()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the new owner calls.

    async def read(self) -> bytes:
        """The next bytes as they came; b"" when the client has stopped sending. One reader at a time."""
        while not self._chunks:
            if self._eof:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._chunks.popleft()
        self._size -= len(data)
        if self._reading_paused and self._size <= _HIGH_WATER // 2:
            self._reading_paused = False
            self._wire.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow; ConnectionResetError when it is gone."""
        self._wire.write(data)
        await self._gate.wait_room()

    def write_eof(self) -> None:
        """Tell the client that nothing more will come; reading goes on."""
        if not self._wire.is_closing():
            self._wire.write_eof()


def _nothing() -> None:
    """Nobody wants to know."""
