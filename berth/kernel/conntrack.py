"""The kernel's table of known connections, as far as published UDP ports need it.

For UDP a "connection" is a pair of addresses seen lately. A client that keeps sending keeps its entry alive,
and with it the old route: to a container that is gone, or to no container because the port was not published
yet. Such entries are deleted when a port comes or goes; TCP has none of this, as its connections end.
"""

import errno
import struct
from typing import NamedTuple

from berth.kernel.netlink import NetlinkSocket, Request, attribute, attributes

_NFNL_SUBSYS_CTNETLINK = 1
_IPCTNL_MSG_CT_GET = 1
_IPCTNL_MSG_CT_DELETE = 2
_CTA_TUPLE_ORIG = 1
_CTA_TUPLE_REPLY = 2
_CTA_TUPLE_IP = 1
_CTA_TUPLE_PROTO = 2
_CTA_IP_V4_SRC = 1
_CTA_IP_V6_SRC = 3
_CTA_PROTO_NUM = 1
_CTA_PROTO_DST_PORT = 3
_NLA_F_NESTED = 0x8000
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EINVAL)


class Flow(NamedTuple):
    """One entry: protocol number, the port first sent to, and the packed address that answers."""

    protocol: int
    port: int
    answering: bytes
    original: bytes
    """The kernel's own name of the entry, for deleting it."""


def parse_flow(body: bytes) -> Flow | None:
    """An entry of an answer; None for one without ports."""
    found = attributes(body[4:])
    original, reply = found.get(_CTA_TUPLE_ORIG, b""), found.get(_CTA_TUPLE_REPLY, b"")
    protocol = attributes(attributes(original).get(_CTA_TUPLE_PROTO, b""))
    addresses = attributes(attributes(reply).get(_CTA_TUPLE_IP, b""))
    port = protocol.get(_CTA_PROTO_DST_PORT)
    if port is None:
        return None
    answering = addresses.get(_CTA_IP_V4_SRC) or addresses.get(_CTA_IP_V6_SRC, b"")
    return Flow(protocol[_CTA_PROTO_NUM][0], struct.unpack(">H", port)[0], answering, original)


def _message(kind: int) -> int:
    return _NFNL_SUBSYS_CTNETLINK << 8 | kind


def list_flows(sock: NetlinkSocket, family: int) -> list[Flow]:
    """All entries of a family (``nftables.NFPROTO_IPV4`` or 6); none where the kernel does not tell."""
    header = struct.pack("=BBH", family, 0, 0)
    try:
        replies = sock.dump(Request(_message(_IPCTNL_MSG_CT_GET), 0, header), "conntrack")
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return []
        raise
    return [flow for reply in replies if (flow := parse_flow(reply.body)) is not None]


def delete_flows(sock: NetlinkSocket, family: int, flows: list[Flow]) -> None:
    """Delete entries; those that have ended meanwhile are no error."""
    header = struct.pack("=BBH", family, 0, 0)
    for flow in flows:
        body = header + attribute(_CTA_TUPLE_ORIG | _NLA_F_NESTED, flow.original)
        for failure in sock.attempt([Request(_message(_IPCTNL_MSG_CT_DELETE), 0, body)], "conntrack"):
            if failure is not None and failure.errno != errno.ENOENT:
                raise failure
