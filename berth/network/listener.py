"""Host ports held by real sockets, which also carry what the packet filter cannot redirect.

A published IPv4 port is redirected in the kernel, so its socket never sees a connection; it is there so that
no other program gets the port, and it serves should somebody flush the rules. An IPv6 port of a container
without IPv6, and ``::1`` always, are served by copying bytes between two sockets: slower, and only while the
daemon runs.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Coroutine
from typing import Any

from berth.base.tasks import TaskTree
from berth.network.driver import Held, Target
from berth.network.records import SCTP, TCP, UDP

_log = logging.getLogger(__name__)
_BACKLOG = 128
_CHUNK = 256 << 10
_UDP_IDLE_S = 90
"""As long as Docker's proxy and the kernel's own table keep a flow of datagrams in mind."""
_UDP_SIZE = 65535
_ACCEPT_PAUSE_S = 1.0
_IPPROTO_SCTP = 132


def hold_port(tasks: TaskTree, protocol: str, address: str, port: int, target: Target | None) -> Held:
    """Bind the port and serve it on the running loop (without a ``target``: only keep it); OSError as
    bind(2) and listen(2) give."""
    if target is None:
        return _Reserved(_bound(protocol, address, port))
    if protocol == TCP:
        return TcpListener(tasks, _bound(protocol, address, port), target)
    if protocol == UDP:
        return UdpRelay(_bound(protocol, address, port), target)
    try:
        return _Reserved(_bound(protocol, address, port))
    except OSError as error:
        if protocol == SCTP and error.errno in (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT):
            return _Reserved(None)  # a kernel without SCTP sockets still forwards its packets
        raise


def _bound(protocol: str, address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == UDP else socket.SOCK_STREAM
    number = _IPPROTO_SCTP if protocol == SCTP else 0
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, number)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol == TCP:
            # Old connections in TIME_WAIT do not count; a living listener still does.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        if protocol != UDP:
            sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


class _Reserved:
    """A port that is only kept from others."""

    def __init__(self, sock: socket.socket | None) -> None:
        self._socket = sock

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


class TcpListener:
    """Accepts connections and copies both directions, half-closing each as its sender does."""

    def __init__(self, tasks: TaskTree, sock: socket.socket, target: Target) -> None:
        self._tasks = tasks
        self._socket = sock
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._loop.add_reader(sock.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            # Out of descriptors: the connection stays queued, so look again later instead of spinning.
            _log.warning("published port cannot accept connections: %s", error)
            self._loop.remove_reader(self._socket.fileno())
            self._pause = self._loop.call_later(_ACCEPT_PAUSE_S, self._resume)
            return
        client.settimeout(0)
        task = self._tasks.spawn("port-proxy", _serve(client, self._target))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Free the port and end its connections."""
        if self._socket.fileno() < 0:
            return
        if self._pause is not None:
            self._pause.cancel()
        else:
            self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for task in self._serving:
            task.cancel()


async def _serve(client: socket.socket, target: Target) -> None:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    with client, socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as server:
        try:
            await loop.sock_connect(server, tuple(target))
            await _both(_copy(client, server), _copy(server, client))
        except OSError as error:
            _log.debug("connection to %s:%d: %s", target.address, target.port, error)


async def _both(one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
    """Run both; the first failure ends the other and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(one)
            group.create_task(other)
    except* OSError as failures:
        raise failures.exceptions[0] from None


async def _copy(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, _CHUNK):
        await loop.sock_sendall(sink, data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Flow:
    """One client of a UDP port, with a socket of its own so that answers find their way."""

    def __init__(self, sock: socket.socket, seen: float) -> None:
        self.socket = sock
        self.seen = seen


class UdpRelay:
    """Passes datagrams on, one socket per client, forgotten after a while without any."""

    def __init__(self, sock: socket.socket, target: Target) -> None:
        self._socket = sock
        self._target = target
        self._flows: dict[Any, _Flow] = {}
        self._loop = asyncio.get_running_loop()
        self._sweeper: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock.fileno(), self._from_client)

    def _from_client(self) -> None:
        try:
            data, client = self._socket.recvfrom(_UDP_SIZE)
            flow = self._flows.get(client) or self._open_flow(client)
            flow.seen = self._loop.time()
            flow.socket.send(data)
        except OSError as error:
            _log.debug("datagram for %s:%d: %s", self._target.address, self._target.port, error)

    def _open_flow(self, client: Any) -> _Flow:
        family = socket.AF_INET6 if ":" in self._target.address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            sock.connect(tuple(self._target))
        except OSError:
            sock.close()
            raise
        flow = self._flows[client] = _Flow(sock, self._loop.time())
        self._loop.add_reader(sock.fileno(), self._from_container, client, flow)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(_UDP_IDLE_S, self._sweep)
        return flow

    def _from_container(self, client: Any, flow: _Flow) -> None:
        try:
            self._socket.sendto(flow.socket.recv(_UDP_SIZE), client)
            flow.seen = self._loop.time()
        except OSError as error:
            _log.debug("answer from %s:%d: %s", self._target.address, self._target.port, error)

    def _sweep(self) -> None:
        oldest = self._loop.time() - _UDP_IDLE_S
        for client, flow in list(self._flows.items()):
            if flow.seen < oldest:
                self._drop(client)
        self._sweeper = self._loop.call_later(_UDP_IDLE_S, self._sweep) if self._flows else None

    def _drop(self, client: Any) -> None:
        flow = self._flows.pop(client)
        self._loop.remove_reader(flow.socket.fileno())
        flow.socket.close()

    def close(self) -> None:
        """Free the port and forget its clients."""
        if self._socket.fileno() < 0:
            return
        if self._sweeper is not None:
            self._sweeper.cancel()
        for client in list(self._flows):
            self._drop(client)
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
