"""The daemon's own nftables tables in the kernel: rules by ``ruleset``, ports as map elements."""

import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_network

from berth.base.errors import Internal
from berth.kernel.conntrack import delete_flows, list_flows
from berth.kernel.nftables import (
    NFPROTO_IPV4,
    NFPROTO_IPV6,
    Element,
    Nft,
    NftError,
    add_elements,
    open_nfnetlink,
    remove_elements,
)
from berth.network import ruleset
from berth.network.foreign import ForeignFilter
from berth.network.records import UDP, Network
from berth.network.ruleset import FilteredNetwork, Forward

_NUMBERS = {"ip": NFPROTO_IPV4, "ip6": NFPROTO_IPV6}


class PacketFilter:
    """Rules and ports of one daemon. The IPv6 table exists only while a network has IPv6."""

    def __init__(self, instance: str) -> None:
        self._table = ruleset.table_name(instance)
        self._lock = threading.Lock()
        self._nft = Nft()
        self._socket = open_nfnetlink()
        self._foreign = {family: ForeignFilter(family, self._table, self._socket) for family in _NUMBERS}
        self._families: tuple[str, ...] = ("ip",)

    def apply(self, networks: Sequence[Network]) -> None:
        """Make the rules fit ``networks``; ports stay."""
        with self._lock:
            families = [f for f in _NUMBERS if f == "ip" or any(n.enable_ipv6 for n in networks)]
            text = "".join(ruleset.render(f, self._table, _filtered(f, networks)) for f in families)
            for gone in set(self._families) - set(families):
                text += ruleset.remove(gone, self._table)
            self._run(text)
            self._families = tuple(families)
            for family in families:
                names = [network.bridge for network in networks if family == "ip" or network.enable_ipv6]
                self._foreign[family].ensure(names, force=True)

    def load(self, text: str) -> None:
        """Apply rules of other tables than the daemon's own."""
        with self._lock:
            self._run(text)

    def watch(self, bridges: Sequence[str]) -> None:
        """Notice that somebody has made a FORWARD chain since, and let our bridges through it."""
        with self._lock:
            self._foreign["ip"].ensure(bridges)

    def add(self, forwards: Sequence[Forward]) -> None:
        """Publish; of two families the first is withdrawn when the second fails."""
        with self._lock:
            done: list[str] = []
            try:
                for family in _NUMBERS:
                    add_elements(self._socket, _NUMBERS[family], self._table, _elements(family, forwards))
                    done.append(family)
            except OSError as error:
                for family in done:
                    mine = _elements(family, forwards)
                    remove_elements(self._socket, _NUMBERS[family], self._table, mine)
                raise Internal(f"cannot publish ports: {error}") from error
            self._forget_flows(forwards)

    def remove(self, forwards: Sequence[Forward]) -> None:
        """Withdraw what is there."""
        with self._lock:
            for family, number in _NUMBERS.items():
                for element in _elements(family, forwards):
                    try:
                        remove_elements(self._socket, number, self._table, [element])
                    except FileNotFoundError:
                        continue
            self._forget_flows(forwards)

    def _forget_flows(self, forwards: Sequence[Forward]) -> None:
        """Make UDP clients that never pause take the new way."""
        for family, number in _NUMBERS.items():
            changed = [f for f in forwards if f.protocol == UDP and _family(f) == family]
            if not changed:
                continue
            ports, targets = {f.port for f in changed}, {f.target for f in changed}
            stale = [
                flow
                for flow in list_flows(self._socket, number)
                if flow.protocol == socket.IPPROTO_UDP and (flow.port in ports or flow.answering in targets)
            ]
            delete_flows(self._socket, number, stale)

    def reset(self, forwards: Sequence[Forward]) -> None:
        """Publish exactly these, in one transaction."""
        with self._lock:
            text = ""
            for family in self._families:
                mine = [f for f in forwards if _family(f) == family]
                text += ruleset.render_ports(family, self._table, mine)
            self._run(text)

    def withdraw(self, networks: Sequence[Network]) -> None:
        """Remove the tables, and the rules made beside those of others."""
        with self._lock:
            self._run("".join(ruleset.remove(family, self._table) for family in _NUMBERS))
            for foreign in self._foreign.values():
                foreign.remove([network.bridge for network in networks])

    def forget(self, bridge: str) -> None:
        """Remove the accept pair of a bridge that goes."""
        with self._lock:
            for foreign in self._foreign.values():
                foreign.remove([bridge])

    def close(self) -> None:
        """Let go of the kernel; rules and ports stay in force."""
        self._nft.close()
        self._socket.close()

    def _run(self, text: str) -> None:
        try:
            self._nft.run(text)
        except NftError as error:
            raise Internal(f"nftables refused the rules of the networks: {error}") from error


def _family(forward: Forward) -> str:
    return "ip" if len(forward.target) == 4 else "ip6"


def _elements(family: str, forwards: Sequence[Forward]) -> list[Element]:
    return [forward.element() for forward in forwards if _family(forward) == family]


def _filtered(family: str, networks: Sequence[Network]) -> list[FilteredNetwork]:
    version = 4 if family == "ip" else 6
    found = []
    for network in networks:
        for pool in network.pools:
            subnet = ip_network(pool.subnet, strict=False)
            if subnet.version == version:
                found.append(
                    FilteredNetwork(network.bridge, str(subnet), network.masquerade, network.internal)
                )
    return found
