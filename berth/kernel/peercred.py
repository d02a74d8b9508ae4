"""Who is at the other end of a unix socket (SO_PEERCRED): the kernel vouches for it."""

import socket
import struct
from typing import NamedTuple

_UCRED = struct.Struct("iII")


class PeerCred(NamedTuple):
    """Credentials of the peer at the moment of its connect(2). pid 0: not visible from our namespace."""

    pid: int
    uid: int
    gid: int


def peer_credentials(sock: socket.socket) -> PeerCred:
    """Read them from a connected AF_UNIX socket."""
    return PeerCred(*_UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)))
