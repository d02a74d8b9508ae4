"""The way from inside a container to its name server: two sockets on 127.0.0.11 and a rewrite of port 53.

The sockets listen on a free port, because a container may have a server of its own on ``0.0.0.0:53``. The
rewrite keeps no state: packets to 127.0.0.11:53 get our port after everything else has seen them, answers get
port 53 before anything else sees them. So the container's traffic is not tracked because of us, and whatever
in it does track connections sees port 53 both ways.
"""

import errno
import socket
from typing import NamedTuple

from berth.kernel.netlink import NETLINK_NETFILTER, NetlinkSocket
from berth.kernel.nftables import NFPROTO_IPV4, chain_state
from berth.kernel.nftrules import OutputChain, PortRewrite, create_table, replace_table
from berth.network.files import EMBEDDED_SERVER

PORT = 53
_TABLE = "berth_names"
_ANSWERS, _QUESTIONS = "answers", "questions"
_FIRST, _LAST = -300, 300
_BACKLOG = 64
_TRIES = 32


class Door(NamedTuple):
    """The sockets, both at ``port`` and not blocking."""

    port: int
    udp: socket.socket
    tcp: socket.socket

    def close(self) -> None:
        """Close both; harmless when called twice."""
        self.udp.close()
        self.tcp.close()


def open_door(port: int = 0) -> Door:
    """Call it inside of the namespace. ``port`` is the one of before, if it is still free: then clients that
    keep their socket notice nothing of a new daemon. OSError when the kernel refuses."""
    door = bind_door(EMBEDDED_SERVER, port)
    try:
        with NetlinkSocket(NETLINK_NETFILTER) as sock:
            if door.port != port or not _has_rules(sock):
                _rewrite(sock, door.port)
    except OSError:
        door.close()
        raise
    return door


def _has_rules(sock: NetlinkSocket) -> bool:
    """What a daemon before us made is left alone: it leads to the same port."""
    return all(chain_state(sock, NFPROTO_IPV4, _TABLE, name) is not None for name in (_ANSWERS, _QUESTIONS))


def _rewrite(sock: NetlinkSocket, port: int) -> None:
    packed = socket.inet_aton(EMBEDDED_SERVER)
    answers = OutputChain(_ANSWERS, _FIRST, (PortRewrite(packed, port, PORT, reply=True),))
    questions = OutputChain(_QUESTIONS, _LAST, (PortRewrite(packed, PORT, port, reply=False),))
    try:
        create_table(sock, _TABLE, (answers, questions))
    except FileExistsError:
        replace_table(sock, _TABLE, (answers, questions))


def bind_door(address: str, port: int) -> Door:
    """Both sockets at one port: ``port`` if it is free, else any."""
    for wish in (port, *(0,) * _TRIES) if port else (0,) * _TRIES:
        try:
            return _bind(address, wish)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free for the name server", address)


def _bind(address: str, port: int) -> Door:
    flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | flags)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM | flags)
    try:
        udp.bind((address, port))
        chosen: int = udp.getsockname()[1]
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, chosen))
        tcp.listen(_BACKLOG)
    except OSError:
        udp.close()
        tcp.close()
        raise
    return Door(chosen, udp, tcp)
