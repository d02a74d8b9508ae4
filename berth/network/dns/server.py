"""The name server of one container: what comes through its door, and what goes back.

Whoever sits behind the door may be hostile. It gets a share of the loop's time and no more (``_BATCH``
questions, then a pause; what comes meanwhile waits in the socket or is lost), a bounded number of questions
under way to other servers, and a bounded number of connections.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from berth.base.tasks import TaskTree
from berth.network.dns.door import Door
from berth.network.dns.forward import Forward, forward_stream, read_message

if TYPE_CHECKING:
    from berth.network.dns.message import Query

_log = logging.getLogger(__name__)
_SIZE = 65535
_BATCH = 16
_PAUSE_S = 0.005
_STREAM_PAUSE_S = 0.002
"""After each connection and each question of one."""
_ACCEPT_PAUSE_S = 1.0
_MOST_FORWARDS = 128
_MOST_STREAMS = 32
_IDLE_S = 10.0
_MOST_CACHED = 256


class Known(NamedTuple):
    """What we know ourselves: ``values`` as the question wants them, none of them for a name without."""

    values: Sequence[str]


class Knowledge(Protocol):
    """What a server asks about its container."""

    @property
    def version(self) -> int:
        """Another one means that an answer may have become another."""
        ...

    def look_up(self, query: "Query") -> Known | None:
        """Our own answer, or None when others are to be asked."""
        ...

    def servers(self, query: "Query") -> Sequence[str]:
        """Addresses of those others; none when nobody may be asked."""
        ...

    def open_socket(self, address: str, kind: int) -> socket.socket:
        """See ``forward.Opener``."""
        ...


class NameServer:
    """Serves from the moment it is made until ``close``, on the running loop."""

    def __init__(
        self, door: Door, knowledge: Knowledge, tasks: TaskTree, load: Callable[[], Awaitable[None]]
    ) -> None:
        """``load`` makes the message room ready; it is waited for when the first question comes."""
        self.port = door.port
        self._door = door
        self._knowledge = knowledge
        self._tasks = tasks
        self._load = load
        self._loop = asyncio.get_running_loop()
        self._ready = False
        self._pauses: dict[socket.socket, asyncio.TimerHandle] = {}
        self._forwards: set[Forward] = set()
        self._streams: set[asyncio.Task[None]] = set()
        self._cache: dict[bytes, bytes] = {}
        self._cached = -1
        self._listen(door.udp)
        self._listen(door.tcp)

    def _listen(self, sock: socket.socket) -> None:
        self._pauses.pop(sock, None)
        act = self._on_datagrams if sock is self._door.udp else self._on_connection
        self._loop.add_reader(sock.fileno(), act)

    def _pause(self, sock: socket.socket, seconds: float) -> None:
        self._loop.remove_reader(sock.fileno())
        self._pauses[sock] = self._loop.call_later(seconds, self._listen, sock)

    def _on_datagrams(self) -> None:
        if not self._ready:
            self._loop.remove_reader(self._door.udp.fileno())
            self._tasks.spawn("name-server", self._begin())
            return
        for _ in range(_BATCH):
            try:
                data, client = self._door.udp.recvfrom(_SIZE)
            except BlockingIOError:
                return
            except OSError as error:
                _log.debug("name server: %s", error)
                return
            self._on_question(data, client)
        self._pause(self._door.udp, _PAUSE_S)

    async def _begin(self) -> None:
        await self._load()
        self._ready = True
        if self._door.udp.fileno() >= 0:
            self._listen(self._door.udp)

    def _on_question(self, data: bytes, client: tuple[str, int]) -> None:
        from berth.network.dns.message import Unanswerable, failure, parse

        if (reply := self._remembered(data)) is not None:
            self._send(reply, client)
            return
        try:
            query = parse(data)
        except Unanswerable as problem:
            if problem.reply is not None:
                self._send(problem.reply, client)
            return
        if (reply := self._own_answer(query, data)) is not None:
            self._send(reply, client)
            return
        servers = self._knowledge.servers(query)
        if not servers:
            self._send(failure(query), client)
        elif len(self._forwards) < _MOST_FORWARDS:  # else it is lost, and asked again
            self._pass_on(query, data, servers, client)

    def _pass_on(self, query: "Query", data: bytes, servers: Sequence[str], client: tuple[str, int]) -> None:
        from berth.network.dns.message import failure

        def done(forward: Forward, reply: bytes | None) -> None:
            self._forwards.discard(forward)
            self._send(failure(query) if reply is None else reply, client)

        forward = Forward(query, data, servers, self._knowledge.open_socket, done)
        self._forwards.add(forward)
        forward.start()

    def _remembered(self, data: bytes) -> bytes | None:
        if self._cached != self._knowledge.version:
            self._cache.clear()
            self._cached = self._knowledge.version
            return None
        reply = self._cache.get(data[2:])
        return None if reply is None else data[:2] + reply

    def _own_answer(self, query: "Query", data: bytes) -> bytes | None:
        from berth.network.dns.message import answer

        known = self._knowledge.look_up(query)
        if known is None:
            return None
        reply = answer(query, known.values)
        # Several addresses come in another order each time.
        if len(known.values) < 2 and data:
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[data[2:]] = reply[2:]
        return reply

    def _send(self, reply: bytes, client: tuple[str, int]) -> None:
        # A client that is gone or does not read loses its answer.
        with contextlib.suppress(OSError):
            self._door.udp.sendto(reply, client)

    def _on_connection(self) -> None:
        try:
            client, _ = self._door.tcp.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            _log.warning("a container's name server cannot accept connections: %s", error)
            self._pause(self._door.tcp, _ACCEPT_PAUSE_S)
            return
        client.settimeout(0)
        task = self._tasks.spawn("name-server-stream", self._serve(client))
        self._streams.add(task)
        task.add_done_callback(self._stream_ended)
        if len(self._streams) < _MOST_STREAMS:
            self._pause(self._door.tcp, _STREAM_PAUSE_S)
        else:
            self._loop.remove_reader(self._door.tcp.fileno())

    def _stream_ended(self, task: asyncio.Task[None]) -> None:
        self._streams.discard(task)
        tcp = self._door.tcp
        if len(self._streams) == _MOST_STREAMS - 1 and tcp.fileno() >= 0 and tcp not in self._pauses:
            self._listen(tcp)

    async def _serve(self, client: socket.socket) -> None:
        """All questions of one connection, one after the other."""
        if not self._ready:
            await self._load()
        with client, contextlib.suppress(OSError, EOFError, TimeoutError):
            while True:
                async with asyncio.timeout(_IDLE_S):
                    data = await read_message(client)
                reply = await self._stream_answer(data)
                if reply is None:
                    return
                async with asyncio.timeout(_IDLE_S):
                    await self._loop.sock_sendall(client, len(reply).to_bytes(2, "big") + reply)
                await asyncio.sleep(_STREAM_PAUSE_S)

    async def _stream_answer(self, data: bytes) -> bytes | None:
        from berth.network.dns.message import Unanswerable, failure, parse

        try:
            query = parse(data, stream=True)
        except Unanswerable as problem:
            return problem.reply
        reply = self._own_answer(query, b"")
        if reply is None:
            servers = self._knowledge.servers(query)
            reply = await forward_stream(query, data, servers, self._knowledge.open_socket)
        return failure(query) if reply is None else reply

    def close(self) -> None:
        """Close the door and forget who waits; harmless when called twice."""
        if self._door.udp.fileno() < 0:
            return
        for timer in self._pauses.values():
            timer.cancel()
        self._loop.remove_reader(self._door.udp.fileno())
        self._loop.remove_reader(self._door.tcp.fileno())
        self._door.close()
        for forward in list(self._forwards):
            forward.close()
        self._forwards.clear()
        for task in list(self._streams):
            task.cancel()
