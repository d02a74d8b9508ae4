"""Links, addresses and routes as rtnetlink(7) messages.

Builders return requests and touch nothing; ``NetlinkSocket.call`` sends any number of them at once. Only
what a bridge network needs is here. Addresses are packed bytes, 4 for IPv4 and 16 for IPv6.
"""

import socket
import struct
from typing import NamedTuple

from berth.kernel.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NetlinkSocket,
    Reply,
    Request,
    attribute,
    attributes,
    nested,
    string,
    u8,
    u32,
)

RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_GETADDR = 22
RTM_NEWROUTE = 24
RTM_DELROUTE = 25
RTM_GETROUTE = 26

IFF_UP = 0x1

IFLA_ADDRESS = 1
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_MASTER = 10
IFLA_LINKINFO = 18
IFLA_NET_NS_FD = 28
IFLA_STATS64 = 23
IFLA_EXT_MASK = 29
RTEXT_FILTER_SKIP_STATS = 8
IFLA_INFO_KIND = 1
IFLA_INFO_DATA = 2
IFLA_INFO_SLAVE_KIND = 4
IFLA_INFO_SLAVE_DATA = 5
VETH_INFO_PEER = 1
IFLA_BR_FORWARD_DELAY = 1
IFLA_BRPORT_STATE = 1
IFLA_BRPORT_MODE = 4
IFLA_BRPORT_FLUSH = 22
IFLA_BRPORT_ISOLATED = 33
BR_STATE_DISABLED = 0

IFA_ADDRESS = 1
IFA_LOCAL = 2
IFA_BROADCAST = 4
IFA_F_NODAD = 0x02

RTA_DST = 1
RTA_OIF = 4
RTA_GATEWAY = 5
RTA_TABLE = 15
RT_TABLE_MAIN = 254
RTN_UNICAST = 1
RT_SCOPE_UNIVERSE = 0
RT_SCOPE_LINK = 253
RTPROT_BOOT = 3

_IFINFO = struct.Struct("=BxHiII")
_IFADDR = struct.Struct("=BBBBI")
_RTMSG = struct.Struct("=BBBBBBBBI")
_MAIN_ONLY = (0, RT_TABLE_MAIN)


class Link(NamedTuple):
    """An interface as the kernel lists it; ``master`` is the index of its bridge, 0 without one."""

    ifindex: int
    name: str
    kind: str
    up: bool
    master: int
    mtu: int
    address: bytes


class LinkCounters(NamedTuple):
    """Traffic of an interface since it was made."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_errors: int
    tx_errors: int
    rx_dropped: int
    tx_dropped: int


class Address(NamedTuple):
    """One address of an interface."""

    ifindex: int
    address: bytes
    prefix: int


class Route(NamedTuple):
    """One route of the main table; an empty ``destination`` with prefix 0 is a default route."""

    destination: bytes
    prefix: int
    gateway: bytes
    ifindex: int
    family: int


def _ifinfo(index: int = 0, flags: int = 0, mask: int = 0, family: int = socket.AF_UNSPEC) -> bytes:
    return _IFINFO.pack(family, 0, index, flags, mask)


def _family(packed: bytes) -> int:
    return socket.AF_INET if len(packed) == 4 else socket.AF_INET6


def new_bridge(name: str, mac: bytes, mtu: int) -> Request:
    """Make a bridge that is up. The fixed address keeps it from changing with its ports."""
    body = _ifinfo(flags=IFF_UP, mask=IFF_UP) + string(IFLA_IFNAME, name) + attribute(IFLA_ADDRESS, mac)
    info = nested(
        IFLA_LINKINFO,
        string(IFLA_INFO_KIND, "bridge"),
        nested(IFLA_INFO_DATA, u32(IFLA_BR_FORWARD_DELAY, 0)),
    )
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body + u32(IFLA_MTU, mtu) + info)


class VethEnd(NamedTuple):
    """One end of a veth pair; without a ``mac`` the kernel makes one up."""

    name: str
    mac: bytes = b""


def new_veth(host: VethEnd, peer: VethEnd, *, netns: int, bridge: int, mtu: int) -> Request:
    """Make a pair: the host end is a port of ``bridge`` (an index) and up, the peer goes to ``netns``."""
    peer_info = (
        _ifinfo()
        + string(IFLA_IFNAME, peer.name)
        + attribute(IFLA_ADDRESS, peer.mac)
        + u32(IFLA_MTU, mtu)
        + u32(IFLA_NET_NS_FD, netns)
    )
    body = (
        _ifinfo(flags=IFF_UP, mask=IFF_UP)
        + string(IFLA_IFNAME, host.name)
        + (attribute(IFLA_ADDRESS, host.mac) if host.mac else b"")
        + u32(IFLA_MTU, mtu)
        + u32(IFLA_MASTER, bridge)
        + nested(
            IFLA_LINKINFO,
            string(IFLA_INFO_KIND, "veth"),
            nested(IFLA_INFO_DATA, nested(VETH_INFO_PEER, peer_info)),
        )
    )
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)


def _bridge_port(name: str, *options: bytes) -> Request:
    """A change of a bridge port, which unlike RTM_SETLINK may be named instead of numbered."""
    info = nested(
        IFLA_LINKINFO, string(IFLA_INFO_SLAVE_KIND, "bridge"), nested(IFLA_INFO_SLAVE_DATA, *options)
    )
    return Request(RTM_NEWLINK, 0, _ifinfo() + string(IFLA_IFNAME, name) + info)


def set_bridge_port(name: str, *, hairpin: bool, isolated: bool) -> Request:
    """Options of a bridge port: ``hairpin`` lets frames leave where they came in, ``isolated`` ports do not
    hear one another."""
    return _bridge_port(name, u8(IFLA_BRPORT_MODE, int(hairpin)), u8(IFLA_BRPORT_ISOLATED, int(isolated)))


def shut_bridge_port(name: str) -> Request:
    """Let no frame in or out of a bridge port any more, and forget what was heard on it. Unlike taking the
    interface down this waits for nothing."""
    return _bridge_port(name, u8(IFLA_BRPORT_STATE, BR_STATE_DISABLED), attribute(IFLA_BRPORT_FLUSH, b""))


def set_master(name: str, bridge: int) -> Request:
    """Make an interface a port of ``bridge`` (an index)."""
    return Request(RTM_NEWLINK, 0, _ifinfo() + string(IFLA_IFNAME, name) + u32(IFLA_MASTER, bridge))


def set_link_up(index: int) -> Request:
    """Bring an interface up."""
    return Request(RTM_NEWLINK, 0, _ifinfo(index, IFF_UP, IFF_UP))


def set_link_mtu(index: int, mtu: int) -> Request:
    """Change the largest packet of an interface."""
    return Request(RTM_NEWLINK, 0, _ifinfo(index) + u32(IFLA_MTU, mtu))


def delete_link(name: str) -> Request:
    """Remove an interface (of a pair, both ends)."""
    return Request(RTM_DELLINK, 0, _ifinfo() + string(IFLA_IFNAME, name))


def new_address(index: int, address: bytes, prefix: int) -> Request:
    """Give an interface an address; IPv6 without the wait for duplicates, as addresses are managed here."""
    family = _family(address)
    flags = IFA_F_NODAD if family == socket.AF_INET6 else 0
    body = _IFADDR.pack(family, prefix, flags, RT_SCOPE_UNIVERSE, index)
    body += attribute(IFA_LOCAL, address) + attribute(IFA_ADDRESS, address)
    if family == socket.AF_INET and prefix < 31:
        host_bits = (1 << (32 - prefix)) - 1
        broadcast = int.from_bytes(address, "big") | host_bits
        body += attribute(IFA_BROADCAST, broadcast.to_bytes(4, "big"))
    return Request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body)


def delete_address(index: int, address: bytes, prefix: int) -> Request:
    """Take an address away."""
    body = _IFADDR.pack(_family(address), prefix, 0, RT_SCOPE_UNIVERSE, index)
    return Request(RTM_DELADDR, 0, body + attribute(IFA_LOCAL, address) + attribute(IFA_ADDRESS, address))


def _route_body(destination: bytes, prefix: int, gateway: bytes, index: int) -> bytes:
    family = _family(gateway or destination)
    scope = RT_SCOPE_UNIVERSE if gateway or family == socket.AF_INET6 else RT_SCOPE_LINK
    body = _RTMSG.pack(family, prefix, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST, 0)
    if prefix:
        body += attribute(RTA_DST, destination)
    if gateway:
        body += attribute(RTA_GATEWAY, gateway)
    return body + u32(RTA_OIF, index)


def new_route(destination: bytes, prefix: int, gateway: bytes, index: int) -> Request:
    """Add a route; prefix 0 is the default route, an empty gateway means directly on the link."""
    flags = NLM_F_CREATE | NLM_F_EXCL
    return Request(RTM_NEWROUTE, flags, _route_body(destination, prefix, gateway, index))


def replace_default_route(gateway: bytes, index: int) -> Request:
    """Make the default route go through ``gateway``, whether there was one or not."""
    return Request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, _route_body(b"", 0, gateway, index))


def delete_route(destination: bytes, prefix: int, gateway: bytes, index: int) -> Request:
    """Remove a route."""
    return Request(RTM_DELROUTE, 0, _route_body(destination, prefix, gateway, index))


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")


def _number(raw: bytes | None) -> int:
    return struct.unpack("=I", raw)[0] if raw is not None and len(raw) == 4 else 0


_LINK_ATTRIBUTES = frozenset((IFLA_IFNAME, IFLA_LINKINFO, IFLA_MASTER, IFLA_MTU, IFLA_ADDRESS))


_AF_BRIDGE = 7
_PORT_ATTRIBUTES = frozenset((IFLA_IFNAME, IFLA_MASTER))


def parse_link(reply: Reply) -> Link:
    """One interface of an answer."""
    _, _, index, flags, _ = _IFINFO.unpack_from(reply.body)
    found = attributes(reply.body[_IFINFO.size :], _LINK_ATTRIBUTES)
    info = attributes(found.get(IFLA_LINKINFO, b""))
    return Link(
        index,
        _text(found.get(IFLA_IFNAME, b"")),
        _text(info.get(IFLA_INFO_KIND, b"")),
        bool(flags & IFF_UP),
        _number(found.get(IFLA_MASTER)),
        _number(found.get(IFLA_MTU)),
        found.get(IFLA_ADDRESS, b""),
    )


def get_link(sock: NetlinkSocket, name: str) -> Link:
    """One interface by name; OSError ENODEV when there is none."""
    return parse_link(sock.get(Request(RTM_GETLINK, 0, _ifinfo() + string(IFLA_IFNAME, name)), name))


def list_links(sock: NetlinkSocket) -> list[Link]:
    """All interfaces of the socket's namespace."""
    wanted = _ifinfo() + u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    return [parse_link(reply) for reply in sock.dump(Request(RTM_GETLINK, 0, wanted))]


def bridge_ports(sock: NetlinkSocket) -> dict[str, int]:
    """The ports of all bridges: name and the bridge's number. Three times as fast as ``list_links``."""
    ports = {}
    for reply in sock.dump(Request(RTM_GETLINK, 0, _ifinfo(family=_AF_BRIDGE))):
        found = attributes(reply.body[_IFINFO.size :], _PORT_ATTRIBUTES)
        if IFLA_MASTER in found:
            ports[_text(found[IFLA_IFNAME])] = _number(found[IFLA_MASTER])
    return ports


def link_counters(sock: NetlinkSocket) -> dict[str, LinkCounters]:
    """Traffic by interface name."""
    counters = {}
    for reply in sock.dump(Request(RTM_GETLINK, 0, _ifinfo())):
        found = attributes(reply.body[_IFINFO.size :])
        if (raw := found.get(IFLA_STATS64)) is not None:
            counters[_text(found[IFLA_IFNAME])] = LinkCounters(*struct.unpack_from("=8Q", raw))
    return counters


def list_addresses(sock: NetlinkSocket, family: int = socket.AF_UNSPEC) -> list[Address]:
    """All addresses of the socket's namespace."""
    found = []
    for reply in sock.dump(Request(RTM_GETADDR, 0, _IFADDR.pack(family, 0, 0, 0, 0))):
        _, prefix, _, _, index = _IFADDR.unpack_from(reply.body)
        raw = attributes(reply.body[_IFADDR.size :])
        address = raw.get(IFA_LOCAL) or raw.get(IFA_ADDRESS)
        if address:
            found.append(Address(index, address, prefix))
    return found


def list_routes(sock: NetlinkSocket, family: int = socket.AF_INET) -> list[Route]:
    """The unicast routes of the main table."""
    routes = []
    for reply in sock.dump(Request(RTM_GETROUTE, 0, _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))):
        fam, prefix, _, _, table, _, _, kind, _ = _RTMSG.unpack_from(reply.body)
        raw = attributes(reply.body[_RTMSG.size :])
        number = _number(raw.get(RTA_TABLE)) or table
        if kind == RTN_UNICAST and number in _MAIN_ONLY:
            index = _number(raw.get(RTA_OIF))
            routes.append(Route(raw.get(RTA_DST, b""), prefix, raw.get(RTA_GATEWAY, b""), index, fam))
    return routes
