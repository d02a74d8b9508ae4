"""The part of a transport that this room uses, so that plain sockets and TLS look the same."""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol


class Wire(Protocol):
    """What asyncio's stream transports offer; ``tls.TlsLayer`` offers the same."""

    def write(self, data: bytes) -> None: ...
    def writelines(self, list_of_data: Iterable[bytes]) -> None: ...
    def write_eof(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def get_extra_info(self, name: str, default: Any = None) -> Any: ...


class WriteGate:
    """Waiting while the transport's buffer is above its high mark."""

    __slots__ = ("_lost", "_paused", "_waiters")

    def __init__(self) -> None:
        self._paused = False
        self._lost = False
        self._waiters: list[asyncio.Future[None]] = []

    def pause(self) -> None:
        """The buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The buffer has room again."""
        self._paused = False
        self._wake()

    def lose(self) -> None:
        """Nothing can be written any more."""
        self._lost = True
        self._wake()

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def wait_room(self) -> None:
        """Return when there is room; ConnectionResetError once the connection is lost."""
        while self._paused and not self._lost:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self._lost:
            raise ConnectionResetError("the connection is lost")
