"""One byte connection to a daemon: unix socket, TCP, or TLS over TCP.

Uses ``_socket`` itself: the ``socket`` module above it costs a third of the client's start.
"""

import _socket

from berth.client.errors import ConnectionFailed

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.client.endpoint import Endpoint

_READ = 64 * 1024
_ERRNO_ACCESS, _ERRNO_PERMISSION = 13, 1


class Connection:
    """Bytes out and in, blocking. ``close`` may be called twice."""

    __slots__ = ("_sock", "_tls", "used")

    def __init__(self, endpoint: "Endpoint") -> None:
        self._tls = endpoint.tls is not None
        self.used = False
        try:
            self._sock = _open_unix(endpoint) if endpoint.kind == "unix" else _open_tcp(endpoint)
        except OSError as error:
            raise _explain(endpoint, error) from None

    def send(self, data: "bytes | memoryview") -> None:
        """Send all of ``data``; OSError when the peer is gone."""
        if self._tls:
            self._sock.sendall(data)
        else:
            self._sock.sendall(data, _socket.MSG_NOSIGNAL)

    @property
    def secure(self) -> bool:
        """Whether bytes are encrypted on their way out."""
        return self._tls

    def send_file(self, fd: int, count: int) -> None:
        """Send the next ``count`` bytes of a file without taking them in, unless ``secure``; OSError when the
        file is shorter."""
        from os import sendfile

        while count:
            sent = sendfile(self._sock.fileno(), fd, None, count)
            if not sent:
                raise OSError(5, "the file has become shorter")
            count -= sent

    def send_some(self, data: "bytes | memoryview") -> int:
        """Send what fits without waiting; 0 when nothing does."""
        if self._tls:
            return self._sock.send_some(data)  # type: ignore[attr-defined,no-any-return]
        try:
            return self._sock.send(data, _socket.MSG_NOSIGNAL | _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def receive(self) -> bytes:
        """The next bytes; empty at the end."""
        return self._sock.recv(_READ)

    def pending(self) -> bool:
        """Whether decrypted bytes wait inside the TLS layer, where poll cannot see them."""
        return self._tls and bool(self._sock.pending())  # type: ignore[attr-defined]

    def close_write(self) -> None:
        """Half close: the peer sees the end of our bytes and may go on sending."""
        try:
            if self._tls:
                # The stream below TLS is closed in one direction only; a TLS close_notify would end both.
                self._sock.shutdown_write()  # type: ignore[attr-defined]
            else:
                self._sock.shutdown(_socket.SHUT_WR)
        except OSError:
            pass

    def fileno(self) -> int:
        """The descriptor, for poll."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close both directions."""
        self._sock.close()


def _open_unix(endpoint: "Endpoint") -> "_socket.socket":
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        sock.connect(endpoint.path)
    except OSError:
        sock.close()
        raise
    return sock


def _open_tcp(endpoint: "Endpoint") -> "_socket.socket":
    if endpoint.tls is not None:
        from berth.client.tls import open_tls

        return open_tls(endpoint, endpoint.tls)
    problem: OSError | None = None
    found = _socket.getaddrinfo(endpoint.host, endpoint.port, 0, _socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        sock = _socket.socket(family, kind | _socket.SOCK_CLOEXEC, protocol)
        try:
            sock.connect(address)
        except OSError as error:
            sock.close()
            problem = error
        else:
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            return sock
    raise problem or OSError(f"no address for {endpoint.host}")


def _explain(endpoint: "Endpoint", error: OSError) -> ConnectionFailed:
    if isinstance(error, _socket.gaierror):
        return ConnectionFailed(
            f"error during connect: {endpoint.url}: lookup {endpoint.host}: no such host ({error.strerror})"
        )
    if error.errno in (_ERRNO_ACCESS, _ERRNO_PERMISSION):
        return ConnectionFailed(
            f"permission denied while trying to connect to the Docker daemon socket at {endpoint.url}: "
            f"dial unix {endpoint.path}: connect: permission denied",
            hint="join the group that owns the socket, or run the command as root",
        )
    return ConnectionFailed(
        f"Cannot connect to the Docker daemon at {endpoint.url}. Is the docker daemon running?"
    )
