"""Listening sockets from addresses as ``-H`` writes them."""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Mapping

from berth.base.errors import InvalidArgument, Unavailable

_FIRST_ACTIVATED = 3  # sd_listen_fds(3): SD_LISTEN_FDS_START
_PATH_LIMIT = 107
_PROBE_S = 1.0


class Listener:
    """A bound, listening socket; closing it removes its file if that is still the same."""

    def __init__(self, sock: socket.socket, name: str, path: str | None = None) -> None:
        self.socket = sock
        self.name = name
        self._path = path
        self._inode = os.lstat(path).st_ino if path else 0

    def close(self) -> None:
        """Close the socket and remove the file that it made."""
        self.socket.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                if os.lstat(self._path).st_ino == self._inode:
                    os.unlink(self._path)


def listen_unix(path: str, *, gid: int | None = None) -> Listener:
    """Listen on a unix socket file with mode 0660, owned by the daemon's user and ``gid``.

    A file left by a daemon that is gone is replaced; Unavailable when somebody answers on it or it is not a
    socket. Nobody can connect before owner and mode are set.
    """
    if len(os.fsencode(path)) > _PATH_LIMIT:
        raise InvalidArgument(f"the socket path {path} is longer than {_PATH_LIMIT} bytes")
    _remove_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        sock.bind(path)
        os.chown(path, -1, gid if gid is not None else -1)
        os.chmod(path, 0o660)
        sock.listen()
        return Listener(sock, f"unix://{path}", path)
    except OSError as error:
        sock.close()
        raise Unavailable(f"can't create unix socket {path}: {error.strerror}") from error


def _remove_stale(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise Unavailable(f"can't create unix socket {path}: the file exists and is not a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ETIMEDOUT):
                raise Unavailable(f"can't create unix socket {path}: {error.strerror}") from error
    raise Unavailable(f"can't create unix socket {path}: another process listens on it")


def listen_tcp(host: str, port: int) -> Listener:
    """Listen on one TCP address; an empty host means every address, of both families where there are two."""
    dual = not host and socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
        if not dual and host:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            host = str(address[0])
        sock = socket.create_server((host, port), family=family, dualstack_ipv6=dual)
    except OSError as error:
        raise Unavailable(f"listen tcp {host}:{port}: {error.strerror or error}") from error
    shown = f"[{host}]" if ":" in host else host
    return Listener(sock, f"tcp://{shown}:{sock.getsockname()[1]}")


def listen_activated(environment: Mapping[str, str], pid: int) -> list[Listener]:
    """The sockets that systemd opened for this process (sd_listen_fds(3)); none without LISTEN_PID."""
    if environment.get("LISTEN_PID") != str(pid):
        return []
    count = environment.get("LISTEN_FDS", "0")
    listeners: list[Listener] = []
    for descriptor in range(_FIRST_ACTIVATED, _FIRST_ACTIVATED + (int(count) if count.isdigit() else 0)):
        sock = socket.socket(fileno=descriptor)
        sock.set_inheritable(False)
        listeners.append(Listener(sock, f"fd://{descriptor}"))
    return listeners
