"""The packet filter of one daemon as nftables text: a pure function of its networks.

One table per daemon and family, named after the daemon's instance, so that several daemons, Docker, Podman
and a firewall live side by side. Rules change with networks only; ports are elements of two maps, which a
rewrite of the rules leaves alone, and which go on working while no daemon runs.

Path of a packet::

    guard     drops what comes from a container for 127.0.0.0/8: route_localnet would let it reach the host's
              own loopback services
    publish   (from prerouting and output, for the host's own addresses) a published port becomes the
              container's address and port
    forward   into a bridge goes only what belongs to a known connection or was sent to a published port;
              nothing passes in or out of an internal network
    leave     outgoing traffic takes the host's address; so does what was sent to a published port from the
              host's loopback or from the same network, or the answer would not find its way back
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from berth.kernel.nftables import Element, concat
from berth.network.records import SCTP, TCP, UDP

AT_ADDRESS = "ports_at"
ANYWHERE = "ports"
CHAINS = ("guard", "publish", "prerouting", "output", "forward", "leave")

_OUTPUT = {
    "ip": "fib daddr type local jump publish",
    # What is sent to ::1 can never leave the loopback: redirected, it would be lost. A socket serves it.
    "ip6": "ip6 daddr != ::1 fib daddr type local jump publish",
}
_NUMBERS = {TCP: 6, UDP: 17, SCTP: 132}


class FilteredNetwork(NamedTuple):
    """What the rules need to know of a network in one family; ``subnet`` with prefix."""

    bridge: str
    subnet: str
    masquerade: bool = True
    internal: bool = False


class Forward(NamedTuple):
    """A published port as the kernel serves it. ``address`` and ``target`` are packed, of one family; an
    empty ``address`` means every address of the host."""

    protocol: str
    address: bytes
    port: int
    target: bytes
    target_port: int

    def element(self) -> Element:
        """As an element of one of the two maps."""
        protocol = bytes([_NUMBERS[self.protocol]])
        port = self.port.to_bytes(2, "big")
        value = concat(self.target, self.target_port.to_bytes(2, "big"))
        if self.address:
            return Element(AT_ADDRESS, concat(protocol, self.address, port), value)
        return Element(ANYWHERE, concat(protocol, port), value)


def table_name(instance: str) -> str:
    """Name of the daemon's tables."""
    return f"berth_{instance}"


def render(family: str, table: str, networks: Sequence[FilteredNetwork]) -> str:
    """Commands that make the table as it should be; applied twice they change nothing. ``family`` is ip or
    ip6."""
    kind = "ipv4_addr" if family == "ip" else "ipv6_addr"
    lines = [
        f"table {family} {table} {{",
        f"  map {AT_ADDRESS} {{ type inet_proto . {kind} . inet_service : {kind} . inet_service; }}",
        f"  map {ANYWHERE} {{ type inet_proto . inet_service : {kind} . inet_service; }}",
        "  chain guard { type filter hook prerouting priority raw; policy accept; }",
        "  chain publish { }",
        "  chain prerouting { type nat hook prerouting priority dstnat; policy accept; }",
        "  chain output { type nat hook output priority -100; policy accept; }",
        "  chain forward { type filter hook forward priority filter; policy accept; }",
        "  chain leave { type nat hook postrouting priority srcnat; policy accept; }",
        "}",
        *(f"flush chain {family} {table} {chain}" for chain in CHAINS),
        f"table {family} {table} {{",
        *_chain("guard", _guard(family, networks)),
        *_chain("publish", _publish(family)),
        *_chain("prerouting", ["fib daddr type local jump publish"]),
        *_chain("output", [_OUTPUT[family]]),
        *_chain("forward", (rule for network in networks for rule in _forward(network))),
        *_chain("leave", (rule for network in networks for rule in _leave(family, network))),
        "}",
    ]
    return "\n".join(lines) + "\n"


def remove(family: str, table: str) -> str:
    """Commands that remove the table, also when it is not there."""
    return f"table {family} {table} {{ }}\ndelete table {family} {table}\n"


def render_ports(family: str, table: str, forwards: Iterable[Forward]) -> str:
    """Commands that make the maps hold exactly ``forwards``, in one step: no port stops answering."""
    lines = [f"flush map {family} {table} {AT_ADDRESS}", f"flush map {family} {table} {ANYWHERE}"]
    for forward in forwards:
        name, at = (AT_ADDRESS, f"{ip_address(forward.address)} . ") if forward.address else (ANYWHERE, "")
        lines.append(
            f"add element {family} {table} {name} {{ {forward.protocol} . {at}{forward.port} : "
            f"{ip_address(forward.target)} . {forward.target_port} }}"
        )
    return "\n".join(lines) + "\n"


def _chain(name: str, rules: Iterable[str]) -> list[str]:
    return [f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }"]


def _guard(family: str, networks: Sequence[FilteredNetwork]) -> list[str]:
    if family != "ip":
        return []
    return [f'iifname "{network.bridge}" ip daddr 127.0.0.0/8 drop' for network in networks]


def _publish(family: str) -> list[str]:
    return [
        f"dnat {family} addr . port to meta l4proto . {family} daddr . th dport map @{AT_ADDRESS}",
        f"dnat {family} addr . port to meta l4proto . th dport map @{ANYWHERE}",
    ]


def _forward(network: FilteredNetwork) -> list[str]:
    bridge = f'"{network.bridge}"'
    if network.internal:
        return [f"iifname {bridge} oifname != {bridge} drop", f"iifname != {bridge} oifname {bridge} drop"]
    return [
        f"oifname {bridge} ct state established,related accept",
        f"oifname {bridge} iifname {bridge} accept",
        f"oifname {bridge} ct status dnat accept",
        f"oifname {bridge} drop",
    ]


def _leave(family: str, network: FilteredNetwork) -> list[str]:
    bridge = f'"{network.bridge}"'
    rules = [f"{family} saddr {network.subnet} oifname {bridge} ct status dnat masquerade"]
    if family == "ip":
        rules.append(f"ip saddr 127.0.0.0/8 oifname {bridge} masquerade")
    if network.masquerade and not network.internal:
        rules.append(f"{family} saddr {network.subnet} oifname != {bridge} masquerade")
    return rules
