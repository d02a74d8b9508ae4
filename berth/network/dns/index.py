"""Who is called what, in which network. Plain calls; kept up by the catalog with every endpoint."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from berth.base.ids import short_id
from berth.network.records import Endpoint, Network


class NameIndex:
    """Endpoints by network and name. ``version`` changes with every change."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str], dict[str, Endpoint]] = {}
        self._by_address: dict[tuple[str, str], Endpoint] = {}
        self._waiting: dict[str, Endpoint] = {}
        """Not yet in the two others: most names are never asked for, and a start puts hundreds."""
        self.version = 0

    def put(self, endpoint: Endpoint) -> None:
        """Add an endpoint that is not in it; ``drop`` an older state of it first."""
        self.version += 1
        self._waiting[endpoint.endpoint_id] = endpoint

    def _settle(self) -> None:
        for endpoint in self._waiting.values():
            for name in _names(endpoint):
                self._by_name.setdefault((endpoint.network_id, name), {})[endpoint.endpoint_id] = endpoint
            for address in _addresses(endpoint):
                self._by_address[endpoint.network_id, address] = endpoint
        self._waiting.clear()

    def drop(self, endpoint: Endpoint) -> None:
        """Forget an endpoint as it was put."""
        self.version += 1
        if self._waiting.pop(endpoint.endpoint_id, None) is not None:
            return
        for name in _names(endpoint):
            key = (endpoint.network_id, name)
            holders = self._by_name.get(key, {})
            holders.pop(endpoint.endpoint_id, None)
            if not holders:
                self._by_name.pop(key, None)
        for address in _addresses(endpoint):
            self._by_address.pop((endpoint.network_id, address), None)

    def find(self, places: Iterable[tuple[Endpoint, Network]], name: str) -> list[list[Endpoint]]:
        """All whom ``name`` (in lower case, without a final dot) means to a container that is at
        ``places``, a list for each network; empty when nobody is called so. ``name.network`` works too."""
        self._settle()
        found = []
        for place, network in places:
            tail = f".{network.name.lower()}"
            holders = self._holders(place, name)
            if not holders and name.endswith(tail):
                holders = self._holders(place, name.removesuffix(tail))
            if holders:
                found.append(list(holders.values()))
        return found

    def _holders(self, place: Endpoint, name: str) -> dict[str, Endpoint]:
        for alias, target in place.links:
            if alias.lower() == name:
                name = target.lower()
                break
        return self._by_name.get((place.network_id, name), {})

    def at(self, places: Iterable[tuple[Endpoint, Network]], address: str) -> str:
        """``name.network`` of whoever has the address, or empty."""
        self._settle()
        for place, network in places:
            holder = self._by_address.get((place.network_id, address))
            if holder is not None:
                return f"{holder.name}.{network.name}"
        return ""


def _names(endpoint: Endpoint) -> set[str]:
    named = (endpoint.name, short_id(endpoint.container_id), *endpoint.aliases)
    return {name.lower() for name in named if name}


def _addresses(endpoint: Endpoint) -> Iterator[str]:
    return (str(ip_address(one)) for one in (endpoint.ipv4, endpoint.ipv6) if one)


def reversed_address(name: str) -> str:
    """The address that a name below in-addr.arpa or ip6.arpa asks for; empty when it is none."""
    try:
        if name.endswith(".in-addr.arpa"):
            labels = name.removesuffix(".in-addr.arpa").split(".")
            return str(IPv4Address(".".join(reversed(labels))))
        if name.endswith(".ip6.arpa"):
            digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
            return str(IPv6Address(bytes.fromhex(digits)))
    except ValueError:
        pass
    return ""
