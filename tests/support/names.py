"""Asking a container's name server from where the container is, and a name server of the outside."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.support.host import NetworkNamespace
from tests.support.http import Api

SERVER = "127.0.0.11"
OUTSIDE_ADDRESS = "198.51.100.7"
_TIMEOUT_S = 20.0


class Answer(NamedTuple):
    """``code`` as text (``NXDOMAIN``); ``values`` of the kind that was asked for, in order."""

    code: str
    values: tuple[str, ...]
    truncated: bool = False


def inside(api: Api, container: str) -> NetworkNamespace:
    """The network namespace of a running container."""
    pid = api.get(f"/containers/{container}/json").json()["State"]["Pid"]
    namespace = NetworkNamespace(container)
    namespace.path = Path(f"/proc/{pid}/ns/net")
    return namespace


def ask(
    api: Api, container: str, name: str, kind: str = "A", *, tcp: bool = False, server: str = SERVER
) -> Answer:
    """What the container is told about ``name``."""
    question = dns.message.make_query(name, kind)
    send = dns.query.tcp if tcp else dns.query.udp
    return answer_of(inside(api, container).call(lambda: send(question, server, timeout=_TIMEOUT_S)))


def answer_of(reply: dns.message.Message) -> Answer:
    """The part of a reply that tests look at."""
    wanted = reply.question[0].rdtype
    values = [row.to_text() for rows in reply.answer if rows.rdtype == wanted for row in rows]
    return Answer(dns.rcode.to_text(reply.rcode()), tuple(values), bool(reply.flags & dns.flags.TC))


class Upstream:
    """A server that knows every name but those that begin with ``nx``; for ``fail...`` it gives SERVFAIL,
    for ``silent...`` nothing, and ``big...`` does not fit into a datagram. ``asked`` is (protocol, name)."""

    def __init__(self, udp: socket.socket, tcp: socket.socket) -> None:
        self.asked: list[tuple[str, str]] = []
        self.sources: list[str] = []
        self._sockets = (udp, tcp)

    def reply(self, data: bytes, protocol: str) -> bytes | None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True)
        self.asked.append((protocol, name))
        reply = dns.message.make_response(question, recursion_available=True)
        if name.startswith("silent"):
            return None
        if name.startswith("nx"):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif name.startswith("fail"):
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name.startswith("big") and protocol == "udp":
            reply.flags |= dns.flags.TC
        elif question.question[0].rdtype == dns.rdatatype.A:
            reply.answer.append(
                dns.rrset.from_text(question.question[0].name, 30, "IN", "A", OUTSIDE_ADDRESS)
            )
        return reply.to_wire()

    def serve_udp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, client = self._sockets[0].recvfrom(65535)
                if client is None:  # shut down
                    return
                self.sources.append(client[0])
                if (reply := self.reply(data, "udp")) is not None:
                    self._sockets[0].sendto(reply, client)

    def serve_tcp(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._sockets[1].accept()
                with client, client.makefile("rwb") as stream:
                    size = int.from_bytes(stream.read(2), "big")
                    if (reply := self.reply(stream.read(size), "tcp")) is not None:
                        stream.write(len(reply).to_bytes(2, "big") + reply)


@contextlib.contextmanager
def serving(udp: socket.socket, tcp: socket.socket) -> Iterator[Upstream]:
    """An upstream on two bound sockets, which are closed at the end."""
    upstream = Upstream(udp, tcp)
    threads = [threading.Thread(target=one) for one in (upstream.serve_udp, upstream.serve_tcp)]
    for thread in threads:
        thread.start()
    try:
        yield upstream
    finally:
        for sock in (udp, tcp):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in threads:
            thread.join()


def bound(address: str, port: int = 53) -> tuple[socket.socket, socket.socket]:
    """Both sockets of an upstream, in the calling thread's namespace."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, port))
    tcp = socket.create_server((address, udp.getsockname()[1]))
    return udp, tcp
