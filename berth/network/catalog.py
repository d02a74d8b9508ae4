"""The networks and endpoints that exist, in memory: found by name or id, with their addresses.

Everything here is a plain call on the event loop; the manager makes it durable and real.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from berth.base.errors import Forbidden, Internal, InvalidArgument, NotFound
from berth.base.ids import is_hex
from berth.network.dns.index import NameIndex
from berth.network.ipam import AddressPool, PoolExhausted, SubnetUsage
from berth.network.records import BRIDGE, Endpoint, EndpointRequest, Network


class Catalog:
    """See the module. ``networks`` and ``endpoints`` are by id; change them through the methods."""

    def __init__(self) -> None:
        self.networks: dict[str, Network] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self._of: dict[str, dict[str, Endpoint]] = {}
        """The endpoints of a container, by their ids."""
        self._pools: dict[str, tuple[AddressPool, ...]] = {}
        self.names = NameIndex()

    def add_network(self, network: Network) -> None:
        """Add or replace; a replaced network's addresses are counted anew from its endpoints."""
        self.networks[network.id] = network
        self._pools[network.id] = tuple(AddressPool(pool) for pool in network.pools)
        for endpoint in self.endpoints_in(network.id):
            self._mark(endpoint)

    def remove_network(self, network_id: str) -> None:
        """Forget a network without endpoints."""
        del self.networks[network_id]
        del self._pools[network_id]

    def bridges(self) -> list[Network]:
        """The networks that have a bridge, oldest first."""
        found = [network for network in self.networks.values() if network.driver == BRIDGE]
        return sorted(found, key=lambda network: network.created_at)

    def resolve(self, reference: str) -> Network:
        """By full id, then name, then unique beginning of an id, as Docker does."""
        if reference in self.networks:
            return self.networks[reference]
        for network in self.networks.values():
            if network.name == reference:
                return network
        found = [n for n in self.networks.values() if is_hex(reference) and n.id.startswith(reference)]
        if len(found) > 1:
            raise InvalidArgument(
                f"network {reference} is ambiguous ({len(found)} matches found based on ID prefix)"
            )
        if not found:
            raise NotFound(f"network {reference} not found")
        return found[0]

    def endpoints_in(self, network_id: str) -> list[Endpoint]:
        """Who is in a network."""
        return [e for e in self.endpoints.values() if e.network_id == network_id]

    def endpoints_of(self, container_id: str) -> list[Endpoint]:
        """Where a container is."""
        return list(self._of.get(container_id, {}).values())

    def usage(self, network_id: str) -> tuple[SubnetUsage, ...]:
        """How full the network's pools are."""
        return tuple(pool.usage() for pool in self._pools.get(network_id, ()))

    def add_endpoint(self, endpoint: Endpoint) -> None:
        """Add, replace or bring back an endpoint; its addresses count as taken."""
        if (older := self.endpoints.get(endpoint.endpoint_id)) is not None:
            self.names.drop(older)
        self.endpoints[endpoint.endpoint_id] = endpoint
        self._of.setdefault(endpoint.container_id, {})[endpoint.endpoint_id] = endpoint
        self.names.put(endpoint)
        self._mark(endpoint)

    def _mark(self, endpoint: Endpoint) -> None:
        for pool in self._pools.get(endpoint.network_id, ()):
            for address in (endpoint.ipv4, endpoint.ipv6):
                if address and address in pool:
                    pool.restore(address)

    def remove_endpoint(self, endpoint: Endpoint) -> None:
        """Forget an endpoint and free its addresses; harmless when it is unknown."""
        if (known := self.endpoints.pop(endpoint.endpoint_id, None)) is not None:
            self.names.drop(known)
            mine = self._of[known.container_id]
            del mine[known.endpoint_id]
            if not mine:
                del self._of[known.container_id]
            self.release(endpoint.network_id, (endpoint.ipv4, endpoint.ipv6))

    def release(self, network_id: str, addresses: Iterable[str]) -> None:
        """Free addresses that were taken for an endpoint."""
        for pool in self._pools.get(network_id, ()):
            for address in addresses:
                if address and address in pool:
                    pool.release(address)

    def take_addresses(self, network: Network, request: EndpointRequest) -> dict[int, tuple[str, int]]:
        """An address and prefix length per IP version of the network; nothing is taken on failure."""
        _check_wishes(network, request)
        taken: dict[int, tuple[str, int]] = {}
        try:
            for version, wanted in ((4, request.ipv4), (6, request.ipv6)):
                pools = [pool for pool in self._pools[network.id] if pool.subnet.version == version]
                if pools:
                    taken[version] = _take(network, pools, wanted, version)
        except BaseException:
            self.release(network.id, [address for address, _ in taken.values()])
            raise
        return taken


def _check_wishes(network: Network, request: EndpointRequest) -> None:
    for wanted in (request.ipv4, request.ipv6):
        if not wanted:
            continue
        try:
            ip_address(wanted)
        except ValueError:
            raise InvalidArgument(f"invalid IP address: {wanted}") from None
        if network.predefined:
            raise InvalidArgument("user specified IP address is supported on user defined networks only")
        if not network.chosen_subnet:
            raise InvalidArgument(
                "user specified IP address is supported only when connecting to networks with user "
                "configured subnets"
            )
        if not any(wanted in AddressPool(pool) for pool in network.pools):
            raise InvalidArgument(
                f"Invalid address {wanted}: It does not belong to any of this network's subnets"
            )


def _take(network: Network, pools: list[AddressPool], wanted: str, version: int) -> tuple[str, int]:
    for pool in pools:
        if wanted and wanted not in pool:
            continue
        try:
            return pool.take(wanted), pool.prefix
        except PoolExhausted:
            continue
    raise Internal(
        f"no available IPv{version} addresses on this network's address pools: {network.name} ({network.id})"
    )


def gateway_endpoint(catalog: Catalog, endpoints: Iterable[Endpoint]) -> Endpoint | None:
    """Through which of a container's endpoints the default route goes: highest priority, then the first
    network by name; never an internal network or one without a gateway."""
    fit = [e for e in endpoints if e.gateway or e.ipv6_gateway]
    return min(fit, key=lambda e: (-e.priority, catalog.networks[e.network_id].name), default=None)


def refuse_predefined(network: Network) -> None:
    """Forbidden when somebody wants to remove what always exists."""
    if network.predefined:
        raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
