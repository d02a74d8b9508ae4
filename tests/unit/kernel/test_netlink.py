"""Netlink messages against bytes worked out from the kernel's headers."""

import struct
import sys

import pytest

from berth.kernel import netlink, nftables
from berth.kernel import rtnetlink as rt
from berth.kernel.netlink import (
    Request,
    attribute,
    attribute_list,
    attributes,
    encode,
    nested,
    string,
    u8,
    u32,
)

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="golden bytes are little-endian")


def test_attribute_is_padded_but_its_length_is_not():
    assert attribute(3, b"eth0\0") == bytes.fromhex("090003006574683000000000")
    assert u32(4, 1500) == bytes.fromhex("08000400dc050000")
    assert u8(4, 1) == bytes.fromhex("0500040001000000")


def test_attributes_come_back():
    data = u32(1, 7) + nested(2, string(3, "x"), string(3, "y"))
    found = attributes(data)
    assert found[1] == struct.pack("=I", 7)
    assert [value for _, value in attribute_list(found[2])] == [b"x\0", b"y\0"]


def test_truncated_attributes_end_the_list():
    assert list(attribute_list(bytes.fromhex("0200030000000000"))) == []


def test_header():
    message = encode(Request(rt.RTM_GETLINK, netlink.NLM_F_REQUEST, b"\x01"), 9)
    assert message == bytes.fromhex("1100000012000100090000000000000001000000")


def test_address_request():
    request = rt.new_address(2, bytes([172, 17, 0, 2]), 16)
    assert request.kind == 20
    assert request.body == bytes.fromhex("021000000200000008000200ac11000208000100ac11000208000400ac11ffff")


def test_default_route_request():
    request = rt.new_route(b"", 0, bytes([172, 17, 0, 1]), 2)
    assert request.body == bytes.fromhex("02000000fe0300010000000008000500ac1100010800040002000000")


def test_veth_pair_puts_its_peer_into_the_namespace():
    request = rt.new_veth(
        rt.VethEnd("v1"), rt.VethEnd("eth0", b"\x02\x42\0\0\0\1"), netns=7, bridge=3, mtu=1500
    )
    assert request.flags == netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    top = attributes(request.body[16:])
    assert top[rt.IFLA_IFNAME] == b"v1\0"
    assert top[rt.IFLA_MASTER] == struct.pack("=I", 3)
    assert rt.IFLA_ADDRESS not in top
    info = attributes(top[rt.IFLA_LINKINFO])
    assert info[rt.IFLA_INFO_KIND] == b"veth\0"
    peer = attributes(attributes(info[rt.IFLA_INFO_DATA])[rt.VETH_INFO_PEER][16:])
    assert peer[rt.IFLA_IFNAME] == b"eth0\0"
    assert peer[rt.IFLA_NET_NS_FD] == struct.pack("=I", 7)
    assert peer[rt.IFLA_ADDRESS] == b"\x02\x42\0\0\0\1"


def test_map_element():
    element = nftables.Element("ports", nftables.concat(b"\x06", b"\x22\xb8"), b"\xac\x11\0\2\0\x50\0\0")
    body = nftables.element_body(nftables.NFPROTO_IPV4, "berth_x", element, with_value=True)
    assert body[:4] == b"\x02\x00\x00\x00"
    found = attributes(body[4:])
    assert (found[1], found[2]) == (b"berth_x\0", b"ports\0")
    inner = attributes(attributes(found[3])[1])
    assert attributes(inner[1])[1] == bytes.fromhex("0600000022b80000")
    assert attributes(inner[2])[1] == bytes.fromhex("ac11000200500000")
    assert 2 not in attributes(
        attributes(
            attributes(
                nftables.element_body(nftables.NFPROTO_IPV4, "berth_x", element, with_value=False)[4:]
            )[3]
        )[1]
    )


def test_link_is_read():
    body = struct.pack("=BxHiII", 0, 1, 5, 1, 0) + string(rt.IFLA_IFNAME, "br0") + u32(rt.IFLA_MTU, 1400)
    body += nested(rt.IFLA_LINKINFO, string(rt.IFLA_INFO_KIND, "bridge"))
    assert rt.parse_link(netlink.Reply(16, 0, body)) == rt.Link(5, "br0", "bridge", True, 0, 1400, b"")
