"""Netlink messages and sockets, the ground of ``rtnetlink`` and ``nftables``.

A request is built as plain bytes (testable without a kernel) and many requests travel in one datagram: a
container's whole interface is one system call. See netlink(7); all numbers are in host byte order, as the
kernel wants, except where a subsystem says otherwise.
"""

import errno
import os
import socket
import struct
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple, Self

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12

NLMSG_ERROR = 2
NLMSG_DONE = 3

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_REPLACE = 0x100
NLM_F_APPEND = 0x800
NLM_F_DUMP = 0x300
NLM_F_DUMP_INTR = 0x10

NLA_F_NESTED = 0x8000
_NLA_TYPE_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_SOL_NETLINK = 270
_NETLINK_EXT_ACK = 11
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_NLMSGERR_ATTR_MSG = 1
_RECEIVE_SIZE = 1 << 18
_DUMP_TRIES = 10


class Request(NamedTuple):
    """One message before it has a sequence number."""

    kind: int
    flags: int
    body: bytes


class Reply(NamedTuple):
    """One message of an answer."""

    kind: int
    flags: int
    body: bytes


def attribute(kind: int, payload: bytes) -> bytes:
    """A netlink attribute, padded to four bytes."""
    length = _ATTRIBUTE.size + len(payload)
    return _ATTRIBUTE.pack(length, kind) + payload + b"\0" * (-length % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def string(kind: int, text: str) -> bytes:
    """A zero-terminated string attribute."""
    return attribute(kind, text.encode() + b"\0")


def u32(kind: int, value: int) -> bytes:
    """A number in host byte order."""
    return attribute(kind, struct.pack("=I", value))


def u8(kind: int, value: int) -> bytes:
    """One byte."""
    return attribute(kind, bytes([value]))


def attributes(data: bytes, wanted: Container[int] | None = None) -> dict[int, bytes]:
    """The attributes in ``data`` by type, only ``wanted`` ones if given; of a repeated type the last one."""
    if wanted is None:
        return dict(attribute_list(data))
    found: dict[int, bytes] = {}
    offset, end = 0, len(data) - _ATTRIBUTE.size
    unpack = _ATTRIBUTE.unpack_from
    # An interface has forty attributes, a host hundreds of interfaces, and five attributes are looked at.
    while offset <= end:
        length, kind = unpack(data, offset)
        if length < _ATTRIBUTE.size:
            break
        if kind & _NLA_TYPE_MASK in wanted:
            found[kind & _NLA_TYPE_MASK] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def attribute_list(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes in order, for lists whose elements share a type."""
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _NLA_TYPE_MASK, data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3


def encode(request: Request, sequence: int) -> bytes:
    """The message as it goes on the wire."""
    return _HEADER.pack(_HEADER.size + len(request.body), request.kind, request.flags, sequence, 0) + _pad(
        request.body
    )


def _pad(body: bytes) -> bytes:
    return body + b"\0" * (-len(body) % 4)


class NetlinkSocket:
    """A socket in the network namespace of the thread that made it; usable from any thread, one at a time."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        try:
            self._socket.bind((0, 0))
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        except OSError:
            self._socket.close()
            raise
        self._sequence = 1

    def call(self, requests: Sequence[Request], what: str | None = None) -> None:
        """Send all requests in one datagram and wait until each is acknowledged.

        The kernel handles them in order and goes on after a failure; the first failure is raised, with the
        kernel's own explanation where it gave one and ``what`` as the path of the OSError.
        """
        failures = [f for f in self.attempt(requests, what) if f is not None]
        if failures:
            raise failures[0]

    def attempt(self, requests: Sequence[Request], what: str | None = None) -> list[OSError | None]:
        """As ``call``, but returns the outcome of each request."""
        first = self._sequence
        self._sequence += len(requests)
        self._socket.send(
            b"".join(
                encode(r._replace(flags=r.flags | NLM_F_REQUEST | NLM_F_ACK), first + i)
                for i, r in enumerate(requests)
            )
        )
        outcomes: dict[int, OSError | None] = {}
        while len(outcomes) < len(requests):
            for sequence, reply in self._receive():
                if reply.kind == NLMSG_ERROR and first <= sequence < first + len(requests):
                    outcomes[sequence] = _failure(reply, what)
        return [outcomes[first + i] for i in range(len(requests))]

    def get(self, request: Request, what: str | None = None) -> Reply:
        """The single answer to a question."""
        sequence = self._send_one(request._replace(flags=request.flags | NLM_F_REQUEST))
        while True:
            for number, reply in self._receive():
                if number != sequence:
                    continue
                if reply.kind == NLMSG_ERROR and (failure := _failure(reply, what)) is not None:
                    raise failure
                return reply

    def dump(self, request: Request, what: str | None = None) -> list[Reply]:
        """All answers to a question about many things; asked again when they changed in between."""
        for _ in range(_DUMP_TRIES):
            replies = self._dump_once(request, what)
            if not any(reply.flags & NLM_F_DUMP_INTR for reply in replies):
                break
        return replies

    def _dump_once(self, request: Request, what: str | None) -> list[Reply]:
        sequence = self._send_one(request._replace(flags=request.flags | NLM_F_REQUEST | NLM_F_DUMP))
        replies: list[Reply] = []
        while True:
            for number, reply in self._receive():
                if number != sequence:
                    continue
                if reply.kind == NLMSG_DONE:
                    return replies
                if reply.kind == NLMSG_ERROR:
                    failure = _failure(reply, what)
                    if failure is not None:
                        raise failure
                    return replies
                replies.append(reply)

    def send_batch(self, data: bytes, acks: Sequence[int], what: str | None = None) -> None:
        """Send bytes that hold their own sequence numbers (nfnetlink batches) and wait for ``acks``."""
        self._socket.send(data)
        waiting = set(acks)
        failure: OSError | None = None
        while waiting:
            for sequence, reply in self._receive():
                if reply.kind == NLMSG_ERROR and sequence in waiting:
                    waiting.discard(sequence)
                    failure = failure or _failure(reply, what)
        if failure is not None:
            raise failure

    def next_sequence(self, count: int) -> int:
        """Reserve ``count`` sequence numbers and return the first."""
        first = self._sequence
        self._sequence += count
        return first

    def _send_one(self, request: Request) -> int:
        sequence = self.next_sequence(1)
        self._socket.send(encode(request, sequence))
        return sequence

    def _receive(self) -> list[tuple[int, Reply]]:
        data = self._socket.recv(_RECEIVE_SIZE)
        found = []
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
            found.append((sequence, Reply(kind, flags, data[offset + _HEADER.size : offset + length])))
            offset += (length + 3) & ~3
        return found

    def close(self) -> None:
        """Close; harmless when called twice."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _failure(reply: Reply, what: str | None) -> OSError | None:
    """The outcome that an error message (also an acknowledgement) reports."""
    (code,) = struct.unpack_from("=i", reply.body)
    if code == 0:
        return None
    text = os.strerror(-code)
    if reply.flags & _NLM_F_ACK_TLVS:
        (length,) = struct.unpack_from("=I", reply.body, 4)
        skip = 4 + (_HEADER.size if reply.flags & _NLM_F_CAPPED else (length + 3) & ~3)
        said = attributes(reply.body[skip:]).get(_NLMSGERR_ATTR_MSG)
        if said:
            text = f"{text}: {_word(said)}"
    return OSError(-code, text, what)


def _word(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")


def is_missing(error: OSError) -> bool:
    """Whether an error says that the thing is not there: what a removal may ignore."""
    return error.errno in (errno.ENOENT, errno.ENODEV, errno.ESRCH, errno.EADDRNOTAVAIL)
