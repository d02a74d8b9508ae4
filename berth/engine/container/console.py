"""A container's streams over all its runs: who attaches before the start is joined to the process then."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from berth.engine.container.detach import DetachFilter
from berth.runtime.stdio import Attachment, ProcessIO


class Session:
    """One client's view of a process: iterate for ``(stream, data)``, write for its input.

    The iteration ends with the process's output, by detach keys, or by ``close``; the process lives on.
    """

    def __init__(
        self,
        *,
        tty: bool,
        streams: tuple[bool, bool, bool],
        keys: bytes = b"",
        prelude: AsyncIterator[tuple[int, bytes]] | None = None,
        on_detach: Callable[[], None] | None = None,
        settled: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """``streams`` says whether stdin, stdout, stderr are wanted; ``keys`` are only watched with a tty.

        ``settled`` is awaited between the end of the output and the end of the iteration: whoever sees the
        end can ask for the exit code.
        """
        self.tty = tty
        self._streams = streams
        self._filter = DetachFilter(keys) if tty and keys else None
        self._prelude = prelude
        self._on_detach = on_detach
        self._settled = settled
        self._left = False
        self._attachment: asyncio.Future[Attachment | None] = asyncio.get_running_loop().create_future()

    def join(self, io: ProcessIO) -> None:
        """Connect to a process."""
        stdin, stdout, stderr = self._streams
        if not self._attachment.done():
            self._attachment.set_result(io.attach(stdin=stdin, stdout=stdout, stderr=stderr))

    def end(self) -> None:
        """There will be no process: the iteration ends."""
        if not self._attachment.done():
            self._attachment.set_result(None)

    async def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        if self._prelude is not None:
            async for stream, data in self._prelude:
                yield stream, data
        attachment = await self._attachment
        if attachment is not None:
            async for chunk in attachment:
                yield chunk.stream, chunk.data
            if self._settled is not None and not self._left:
                await self._settled()

    async def write(self, data: bytes) -> None:
        """Give ``data`` to the process; detach keys end the session instead."""
        attachment = await self._attachment
        if attachment is None:
            return
        detached = False
        if self._filter is not None:
            data, detached = self._filter.feed(data)
        if data:
            await attachment.write(data)
        if detached:
            self._left = True
            attachment.close()
            if self._on_detach is not None:
                self._on_detach()

    async def close_stdin(self) -> None:
        """The client has no more input."""
        attachment = await self._attachment
        if attachment is not None:
            attachment.close_stdin()

    async def close(self) -> None:
        """Leave the process alone."""
        self._left = True
        if not self._attachment.done():
            self._attachment.set_result(None)
        elif (attachment := self._attachment.result()) is not None:
            attachment.close()


class Console:
    """Joins sessions to the current run, or to the next one when nothing runs."""

    def __init__(self) -> None:
        self._io: ProcessIO | None = None
        self._waiting: list[Session] = []

    @property
    def io(self) -> ProcessIO | None:
        """The streams of the current run."""
        return self._io

    def add(self, session: Session) -> None:
        """Join ``session`` now, or when the container starts."""
        if self._io is not None:
            session.join(self._io)
        else:
            self._waiting.append(session)

    def bind(self, io: ProcessIO) -> None:
        """A process exists: connect those who waited for it."""
        self._io = io
        waiting, self._waiting = self._waiting, []
        for session in waiting:
            session.join(io)

    def unbind(self) -> None:
        """The run is over; later sessions wait for the next one."""
        self._io = None

    def end(self) -> None:
        """Nothing will run: those who wait are let go."""
        self._io = None
        waiting, self._waiting = self._waiting, []
        for session in waiting:
            session.end()
