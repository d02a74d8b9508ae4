"""Waiting until a descriptor takes more bytes, in a way that closing it ends the wait."""

import asyncio


class WriteRoom:
    """One writer at a time may wait; ``wake`` ends the wait when the descriptor is about to be closed."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None
        self._descriptor = -1

    async def wait(self, descriptor: int) -> None:
        """Return when ``descriptor`` is writable, or after ``wake``."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        self._descriptor = descriptor
        loop.add_writer(descriptor, self._settle)
        try:
            await self._waiting
        finally:
            self.wake()

    def wake(self) -> None:
        """End the wait, if there is one. Call before the descriptor is closed."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_writer(self._descriptor)
            self._descriptor = -1
        self._settle()

    def _settle(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
