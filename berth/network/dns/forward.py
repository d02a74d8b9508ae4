"""Asking other name servers, for questions about names that are not ours.

The question goes on as the bytes that it came in, under an id of our own. A server that is slow is not
waited for: the next one is asked beside it, and the first good answer wins.
"""

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from berth.network.dns.message import Query

PORT = 53
_NEXT_S = 1.0
_LAST_S = 3.0
"""With three servers five seconds: as long as the C library waits before it asks again."""
_STREAM_S = 4.0
_SIZE = 65535

Opener = Callable[[str, int], socket.socket]
"""(address of a server, kind of socket): a socket that does not block, in the right namespace."""


class Forward:
    """One question under way by UDP. ``done`` is called once: with the answer, or None when there is none."""

    def __init__(
        self,
        query: "Query",
        data: bytes,
        servers: Sequence[str],
        open_socket: Opener,
        done: Callable[["Forward", bytes | None], None],
    ) -> None:
        self._query = query
        self._original = data[:2]
        self._data = os.urandom(2) + data[2:]
        self._servers = deque(servers)
        self._open = open_socket
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._sockets: set[socket.socket] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._poor: bytes | None = None

    def start(self) -> None:
        """Ask the first server. ``done`` may be called at once."""
        self._next()

    def _next(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._servers:
            if self._ask(self._servers.popleft()):
                wait = _NEXT_S if self._servers else _LAST_S
                self._timer = self._loop.call_later(wait, self._next)
                return
        # The last one had its time, or none could be asked.
        self._finish(self._poor)

    def _ask(self, server: str) -> bool:
        try:
            sock = self._open(server, socket.SOCK_DGRAM)
        except OSError:
            return False
        try:
            sock.connect((server, PORT))
            sock.send(self._data)
        except OSError:
            sock.close()
            return False
        self._sockets.add(sock)
        self._loop.add_reader(sock.fileno(), self._read, sock)
        return True

    def _read(self, sock: socket.socket) -> None:
        from berth.network.dns.message import HELPLESS, answers

        try:
            reply = sock.recv(_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self._given_up(sock)
            return
        if reply[:2] != self._data[:2]:
            return
        code = answers(self._query, reply)
        if code is None:
            return
        whole = self._original + reply[2:]
        if code in HELPLESS:
            self._poor = whole
            self._given_up(sock)
        else:
            self._finish(whole)

    def _given_up(self, sock: socket.socket) -> None:
        self._drop(sock)
        if self._servers:
            self._next()
        elif not self._sockets:
            self._finish(self._poor)

    def _drop(self, sock: socket.socket) -> None:
        self._sockets.discard(sock)
        self._loop.remove_reader(sock.fileno())
        sock.close()

    def _finish(self, reply: bytes | None) -> None:
        self.close()
        self._done(self, reply)

    def close(self) -> None:
        """Give up without a word."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for sock in list(self._sockets):
            self._drop(sock)


async def forward_stream(
    query: "Query", data: bytes, servers: Sequence[str], open_socket: Opener
) -> bytes | None:
    """The same by TCP, one server after the other; None when none answers."""
    from berth.network.dns.message import HELPLESS, answers

    poor = None
    for server in servers:
        with contextlib.suppress(OSError, TimeoutError, EOFError):
            async with asyncio.timeout(_STREAM_S):
                reply = await _exchange(data, server, open_socket)
            code = answers(query, reply)
            if code is None:
                continue
            if code not in HELPLESS:
                return reply
            poor = reply
    return poor


async def _exchange(data: bytes, server: str, open_socket: Opener) -> bytes:
    loop = asyncio.get_running_loop()
    with open_socket(server, socket.SOCK_STREAM) as sock:
        await loop.sock_connect(sock, (server, PORT))
        await loop.sock_sendall(sock, len(data).to_bytes(2, "big") + data)
        return await read_message(sock)


async def read_message(sock: socket.socket) -> bytes:
    """One message with its length before it, as DNS goes by TCP; EOFError when the stream ends."""
    length = int.from_bytes(await _read_exactly(sock, 2), "big")
    return await _read_exactly(sock, length)


async def _read_exactly(sock: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        more = await loop.sock_recv(sock, size - len(data))
        if not more:
            raise EOFError
        data += more
    return data
