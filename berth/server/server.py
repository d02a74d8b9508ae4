"""The server: listening sockets in, connections out, one orderly end."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from berth.base.tasks import TaskTree
from berth.server.connection import Connection
from berth.server.listen import Listener
from berth.server.message import Handler
from berth.server.tls import TlsLayer

log = logging.getLogger(__name__)

_BACKLOG = 1024


class HttpServer:
    """Serves one handler on any number of listening sockets."""

    def __init__(self, handler: Handler, on_connect: Callable[[], None] | None = None) -> None:
        """``on_connect`` is told of each new connection, before its first byte."""
        self._handler = handler
        self._on_connect = on_connect
        self._tasks = TaskTree(_report)
        self._connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._listeners: list[Listener] = []
        self._all_gone: asyncio.Event | None = None

    @property
    def handler(self) -> Handler:
        """What answers requests."""
        return self._handler

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run a connection; it ends with the server."""
        return self._tasks.spawn(name, work)

    def connected(self, connection: Connection) -> None:
        """A connection has begun."""
        self._connections.add(connection)
        if self._on_connect is not None:
            self._on_connect()

    def disconnected(self, connection: Connection) -> None:
        """A connection has ended."""
        self._connections.discard(connection)
        if self._all_gone is not None and not self._connections:
            self._all_gone.set()

    async def serve(self, listener: Listener, tls: ssl.SSLContext | None = None) -> None:
        """Begin to accept on ``listener``, which this server closes in the end; with ``tls`` every byte goes
        through it."""
        loop = asyncio.get_running_loop()

        def make() -> asyncio.Protocol:
            connection = Connection(self)
            return TlsLayer(tls, connection) if tls is not None else connection

        self._servers.append(await loop.create_server(make, sock=listener.socket, backlog=_BACKLOG))
        self._listeners.append(listener)
        log.info("API listen on %s", listener.name)

    async def close(self, grace_s: float = 0.0) -> None:
        """Stop accepting, give requests in progress ``grace_s`` seconds, cut off the rest, remove socket
        files."""
        for server in self._servers:
            server.close()
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.close_idle()
        if grace_s > 0 and self._connections:
            self._all_gone = asyncio.Event()
            try:
                async with asyncio.timeout(grace_s):
                    await self._all_gone.wait()
            except TimeoutError:
                log.debug("%d connections cut off", len(self._connections))
        await self._tasks.close()


def _report(name: str, error: BaseException) -> None:
    log.error("%s failed", name, exc_info=error)
