"""One process's streams, shared by any number of clients that come and go.

The daemon has one connection to the process; here its output is handed to every attached client, and what
clients write goes to its standard input.

**A slow client.** Docker's clients rely on losing nothing (``docker run image cat big | less``), and a
process must not hang for ever because somebody's terminal did. So each client has a buffer of 16 MiB. Beyond
that the process is held back, as Docker does from 1 MB on; a client that then takes nothing for ten minutes
is cut off. dockerd would wait for it without end.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from berth.wire.stdcopy import STDERR, STDOUT

BUFFER_LIMIT = 16 << 20
STALL_LIMIT_S = 600.0
_JOIN_LIMIT = 128 << 10


class Chunk(NamedTuple):
    """Output of one stream (STDOUT or STDERR of ``wire.stdcopy``)."""

    stream: int
    data: bytes


class Stdin(Protocol):
    """The process's standard input, as the hub needs it."""

    async def write(self, data: bytes) -> None:
        """Return once ``data`` is on its way; dropped silently when nobody reads any more."""

    def close_stdin(self) -> None:
        """The process reads to the end of what was written and then sees the end of input."""


class Attachment:
    """One client's view: iterate for output, ``write`` for input, ``close`` to leave.

    The iteration ends when the process's output has ended, when the client was cut off (``stalled``), and
    after ``close``. It joins what has gathered, so that a client that is behind catches up in few steps.
    """

    def __init__(self, hub: "OutputHub", streams: frozenset[int], stdin: Stdin | None) -> None:
        self._hub = hub
        self._streams = streams
        self._stdin = stdin
        self._chunks: deque[Chunk] = deque()
        self._size = 0
        self._ready = asyncio.Event()
        self._ended = False
        self._stall_timer: asyncio.TimerHandle | None = None
        self.stalled = False

    def __aiter__(self) -> "Attachment":
        return self

    async def __anext__(self) -> Chunk:
        while not self._chunks:
            if self._ended:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._take()

    @property
    def buffered(self) -> int:
        """Bytes that wait for the client."""
        return self._size

    async def write(self, data: bytes) -> None:
        """Give ``data`` to the process's standard input; nothing happens when this client has none."""
        if self._stdin is not None and not self._ended:
            await self._stdin.write(data)

    def close_stdin(self) -> None:
        """This client has no more input. Whether the process sees an end is the owner's rule (StdinOnce)."""
        if self._stdin is not None:
            stdin, self._stdin = self._stdin, None
            stdin.close_stdin()

    def close(self) -> None:
        """Leave: as ``close_stdin``, and no more output. Safe to repeat."""
        if not self._ended:
            self._end()
            self._chunks.clear()
            self._size = 0
        self.close_stdin()
        self._hub.remove(self)

    def wants(self, stream: int) -> bool:
        """Whether the client asked for this stream."""
        return stream in self._streams

    def put(self, chunk: Chunk) -> None:
        """Called by the hub: one more piece of output."""
        if self._ended:
            return
        self._chunks.append(chunk)
        self._size += len(chunk.data)
        self._ready.set()
        if self._size >= BUFFER_LIMIT and self._stall_timer is None:
            loop = asyncio.get_running_loop()
            self._stall_timer = loop.call_later(STALL_LIMIT_S, self._cut_off)

    def end(self) -> None:
        """Called by the hub: there will be no more output; what is buffered can still be read."""
        self._end()

    def _take(self) -> Chunk:
        chunk = self._chunks.popleft()
        if self._chunks and self._chunks[0].stream == chunk.stream:
            parts, size = [chunk.data], len(chunk.data)
            while (
                self._chunks
                and self._chunks[0].stream == chunk.stream
                and size + len(self._chunks[0].data) <= _JOIN_LIMIT
            ):
                part = self._chunks.popleft().data
                parts.append(part)
                size += len(part)
            chunk = Chunk(chunk.stream, b"".join(parts))
        self._size -= len(chunk.data)
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        self._hub.taken()
        return chunk

    def _cut_off(self) -> None:
        self._stall_timer = None
        self.stalled = True
        self.close()

    def _end(self) -> None:
        self._ended = True
        self._ready.set()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


class OutputHub:
    """Copies output to the attached clients, and tells the reader when to pause.

    ``on_room`` is called when reading may go on after ``feed`` returned False; ``on_idle`` when the last
    client has left.
    """

    def __init__(
        self, *, on_room: Callable[[], None] | None = None, on_idle: Callable[[], None] | None = None
    ) -> None:
        self._clients: list[Attachment] = []
        self._ended = False
        self._full = False
        self._on_room = on_room
        self._on_idle = on_idle

    @property
    def clients(self) -> int:
        """How many are attached."""
        return len(self._clients)

    @property
    def ended(self) -> bool:
        """Whether the process's output is over."""
        return self._ended

    def attach(self, *, stdout: bool, stderr: bool, stdin: Stdin | None) -> Attachment:
        """Add a client; it gets everything from now on. After the end it gets nothing and ends at once."""
        wanted = {STDOUT: stdout, STDERR: stderr}
        client = Attachment(self, frozenset(s for s, want in wanted.items() if want), stdin)
        if self._ended:
            client.end()
        else:
            self._clients.append(client)
        return client

    def feed(self, stream: int, data: bytes) -> bool:
        """Hand output to the clients; False when the reader should pause until ``on_room``."""
        chunk = Chunk(stream, data)
        for client in self._clients:
            if client.wants(stream):
                client.put(chunk)
                if client.buffered >= BUFFER_LIMIT:
                    self._full = True
        return not self._full

    def finish(self) -> None:
        """The output is over: every client's iteration ends after what it has buffered."""
        self._ended = True
        clients, self._clients = self._clients, []
        for client in clients:
            client.end()

    def remove(self, client: Attachment) -> None:
        """Forget a client that has left."""
        if client not in self._clients:
            return
        self._clients.remove(client)
        self.taken()
        if not self._clients and self._on_idle is not None:
            self._on_idle()

    def taken(self) -> None:
        """A client has taken something or left: perhaps there is room again."""
        if self._full and all(client.buffered < BUFFER_LIMIT // 2 for client in self._clients):
            self._full = False
            if self._on_room is not None:
                self._on_room()


class ProcessIO(Protocol):
    """The streams of a running process, as the engine uses them."""

    def attach(self, *, stdin: bool = False, stdout: bool = True, stderr: bool = True) -> Attachment:
        """Join the process's streams from now on. With a terminal everything arrives as STDOUT."""

    def resize(self, rows: int, columns: int) -> Awaitable[None]:
        """Set the terminal's size; nothing without a terminal."""
