"""Networks for the engine: make them, plug containers in, publish ports, and survive the daemon's death.

State is the records (``table``); the kernel's part can be made again from them at any time (``restore``).
An endpoint is recorded while the kernel makes it and before the answer, so that whatever lives after a
crash is known, and what is known but dead is cleaned up.

On disk: ``<exec_root>/netns/<container id>``, one bound network namespace per container.
"""

import asyncio
import errno
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import replace

from berth.base.errors import Forbidden, Internal, NotFound
from berth.base.ids import new_id
from berth.base.tasks import TaskTree
from berth.network import predefined, table
from berth.network.bridge import BridgeDriver
from berth.network.catalog import Catalog, gateway_endpoint, refuse_predefined
from berth.network.creation import plan_network
from berth.network.dns.door import Door
from berth.network.dns.service import NameService, has_names
from berth.network.driver import Driver, Plug
from berth.network.ipam import SubnetUsage
from berth.network.publish import Publisher, forwards
from berth.network.records import (
    BRIDGE,
    CreateNetwork,
    Endpoint,
    EndpointRequest,
    Network,
    NetworkConfig,
    PortRequest,
    Resolver,
)
from berth.state.database import Database

_log = logging.getLogger(__name__)
SCHEMA = table.SCHEMA
T = TypeVar("T")


class NetworkManager:
    """All networks of one daemon. Use it on one event loop; slow kernel work runs in a thread of its own."""

    def __init__(
        self, db: Database, exec_root: Path, config: NetworkConfig, driver: Driver, tasks: TaskTree
    ) -> None:
        """Use ``open``."""
        self._db = db
        self._netns = exec_root / "netns"
        self._config = config
        self._driver = driver
        self._tasks = tasks
        self._catalog = Catalog()
        self._publisher = Publisher(driver)
        self._names = NameService(self._catalog, driver, tasks, exec_root)
        self._worker = ThreadPoolExecutor(1, "network")

    @classmethod
    async def open(
        cls, db: Database, exec_root: Path, config: NetworkConfig, *, driver: Driver | None = None
    ) -> Self:
        """Load the networks, make the predefined ones if they are new, and see to it that the kernel has all.

        Call ``restore`` next: until then no endpoint of before is touched. ``driver`` is for tests.
        """
        tasks = TaskTree(lambda name, error: _log.warning("%s failed: %r", name, error))
        chosen = driver or BridgeDriver(
            config.instance,
            tasks,
            forwarding=config.ip_forward,
            firewall=config.firewall,
            proxy=config.userland_proxy,
        )
        manager = cls(db, exec_root, config, chosen, tasks)
        try:
            await manager._begin()
        except BaseException:
            chosen.close((), remove=False)
            manager._worker.shutdown()
            raise
        return manager

    async def _begin(self) -> None:
        self._netns.mkdir(parents=True, exist_ok=True, mode=0o711)
        for network in await self._load():
            self._catalog.add_network(network)
        for endpoint in table.load_endpoints(self._db):
            if endpoint.network_id in self._catalog.networks:
                self._catalog.add_endpoint(endpoint)
        await self._apply()

    async def _load(self) -> list[Network]:
        """The recorded networks, the predefined ones brought up to the configuration."""
        recorded = table.load_networks(self._db)
        users = [network for network in recorded if not network.predefined]
        old = next((n for n in recorded if n.predefined and n.name == "bridge"), None)
        others = predefined.subnets_of(users)
        default = predefined.bridge_network(self._config, self._driver, old, others)
        current = [*predefined.plain_networks(recorded), *([default] if default else []), *users]
        changed = [network for network in current if network not in recorded]
        if changed:
            await self._db.write(partial(table.save_networks, networks=changed))
        return current

    # Reading

    def list(self) -> tuple[Network, ...]:
        """Every network, in order of name."""
        return tuple(sorted(self._catalog.networks.values(), key=lambda network: network.name))

    def resolve(self, reference: str) -> Network:
        """By id, name or unique beginning of an id; NotFound with Docker's text."""
        return self._catalog.resolve(reference)

    def endpoints_in(self, network_id: str) -> tuple[Endpoint, ...]:
        """Who is plugged into a network."""
        return tuple(self._catalog.endpoints_in(network_id))

    def endpoints_of(self, container_id: str) -> tuple[Endpoint, ...]:
        """Where a container is plugged in."""
        return tuple(self._catalog.endpoints_of(container_id))

    def usage(self, network_id: str) -> tuple[SubnetUsage, ...]:
        """How full the network's pools are."""
        return self._catalog.usage(network_id)

    def host_gateway(self) -> str:
        """The address behind ``host-gateway``: the host on the default network, or empty without one."""
        found = [n for n in self._catalog.bridges() if n.predefined]
        return found[0].pools[0].gateway if found else ""

    def sandbox_path(self, container_id: str) -> Path:
        """Where the container's namespace is, or would be, bound."""
        return self._netns / container_id

    def has_name_server(self, container_id: str) -> bool:
        """Whether the container asks us for names: it is, or was in this run, in a user-defined network."""
        return self._names.serves(container_id)

    # Networks

    async def create(self, wish: CreateNetwork) -> Network:
        """Make a network, whole or not at all."""
        own = [network.bridge for network in self._catalog.bridges()]
        routes = await self._in_worker(partial(self._driver.subnets_in_use, own))
        network = plan_network(wish, list(self._catalog.networks.values()), self._config, routes)
        self._catalog.add_network(network)
        try:
            network = await self._in_worker(partial(self._adopt_bridge, network))
            self._catalog.add_network(network)
            await self._db.write(partial(table.save_networks, networks=[network]))
            await self._apply()
        except BaseException:
            await self._forget(network)
            raise
        return network

    def _adopt_bridge(self, network: Network) -> Network:
        """A bridge that somebody else made is used, and not removed with the network."""
        try:
            self._driver.bridge_addresses(network.bridge)
        except NotFound:
            return network
        return replace(network, own_bridge=False)

    async def remove(self, reference: str) -> Network:
        """Remove an unused network; Forbidden when it is predefined or in use."""
        network = self._catalog.resolve(reference)
        refuse_predefined(network)
        if self._catalog.endpoints_in(network.id):
            raise Forbidden(
                f"error while removing network: network {network.name} id {network.id} has active endpoints"
            )
        await self._forget(network)
        return network

    async def _forget(self, network: Network) -> None:
        self._catalog.remove_network(network.id)
        await self._db.write(lambda conn: table.delete_network(conn, network.id))
        await self._in_worker(partial(self._driver.delete_bridge, network))
        await self._apply()

    async def _apply(self) -> None:
        """Make the kernel fit the networks of this moment."""
        await self._in_worker(partial(self._driver.apply, self._catalog.bridges()))

    # Sandboxes

    def create_sandbox(self, container_id: str) -> Path:
        """Make the container's network namespace; what an earlier life left at its place is removed."""
        path = self.sandbox_path(container_id)
        self._names.end(container_id)
        try:
            self._driver.create_sandbox(path)
        except FileExistsError:
            self._driver.remove_sandbox(path)
            self._driver.create_sandbox(path)
        return path

    def remove_sandbox(self, container_id: str) -> None:
        """Let go of the namespace; it ends with its last process. Harmless when there is none."""
        self._names.end(container_id)
        self._driver.remove_sandbox(self.sandbox_path(container_id))

    # Endpoints

    async def attach(
        self,
        container_id: str,
        sandbox: Path | None,
        network_id: str,
        request: EndpointRequest,
        ports: Sequence[PortRequest] = (),
    ) -> Endpoint:
        """Plug a container into a network and publish its ports, whole or not at all.

        In the networks ``host`` and ``none`` there is nothing to plug, and ports mean nothing: the endpoint
        only says that the container is there.
        """
        network = self._catalog.resolve(network_id)
        endpoint = self._plan_endpoint(container_id, network, request)
        self._catalog.add_endpoint(endpoint)
        try:
            if network.driver == BRIDGE:
                if sandbox is None:
                    raise Internal(f"container {container_id} has no network namespace")
                if ports and not network.internal:
                    published = self._publisher.publish(endpoint, ports, network.host_binding)
                    endpoint = replace(endpoint, ports=published)
                    self._catalog.add_endpoint(endpoint)
                saved = self._db.submit(lambda conn: table.save_endpoint(conn, endpoint))
                try:
                    await self._plug(network, endpoint, sandbox, request.resolver)
                finally:
                    await saved
            else:
                await self._db.write(lambda conn: table.save_endpoint(conn, endpoint))
        except BaseException as error:
            await self._take_back(endpoint)
            if isinstance(error, OSError):
                raise Internal(
                    f"failed to add interface {endpoint.host_interface} to sandbox: {error}"
                ) from error
            raise
        return endpoint

    def _plan_endpoint(self, container_id: str, network: Network, request: EndpointRequest) -> Endpoint:
        mine = self._catalog.endpoints_of(container_id)
        if any(endpoint.network_id == network.id for endpoint in mine):
            raise Forbidden(f"endpoint with name {request.name} already exists in network {network.name}")
        endpoint = Endpoint(
            network_id=network.id,
            endpoint_id=new_id(),
            container_id=container_id,
            name=request.name,
            aliases=request.aliases,
            links=request.links,
            priority=request.priority,
        )
        if network.driver != BRIDGE:
            return endpoint
        taken = self._catalog.take_addresses(network, request)
        ipv4, prefix = taken.get(4, ("", 0))
        ipv6, ipv6_prefix = taken.get(6, ("", 0))
        gateways = {":" in pool.gateway: pool.gateway for pool in reversed(network.pools)}
        return replace(
            endpoint,
            ipv4=ipv4,
            prefix=prefix,
            gateway="" if network.internal or not ipv4 else gateways.get(False, ""),
            ipv6=ipv6,
            ipv6_prefix=ipv6_prefix,
            ipv6_gateway="" if network.internal or not ipv6 else gateways.get(True, ""),
            mac=request.mac or _mac_for(ipv4, endpoint.endpoint_id),
            interface=_free_name(mine),
            host_interface=f"veth{endpoint.endpoint_id[:7]}",
        )

    async def _plug(self, network: Network, endpoint: Endpoint, sandbox: Path, resolver: Resolver) -> None:
        routed = (
            gateway_endpoint(self._catalog, self._catalog.endpoints_of(endpoint.container_id)) is endpoint
        )
        plug = Plug(
            sandbox=sandbox,
            bridge=network.bridge,
            host_interface=endpoint.host_interface,
            interface=endpoint.interface,
            mac=endpoint.mac,
            mtu=network.mtu,
            ipv4=endpoint.ipv4,
            prefix=endpoint.prefix,
            gateway=endpoint.gateway if routed else "",
            ipv6=endpoint.ipv6,
            ipv6_prefix=endpoint.ipv6_prefix,
            ipv6_gateway=endpoint.ipv6_gateway if routed else "",
            hairpin=bool(endpoint.ports),
            isolated=not network.icc,
        )
        wants_names = has_names(network) and not self._names.serves(endpoint.container_id)

        def make() -> Door | None:
            self._driver.plug(plug)
            return self._driver.open_door(sandbox, 0) if wants_names else None

        try:
            door = await self._in_worker(make)
        except OSError as error:
            if not _bridge_is_gone(error):
                raise
            # Somebody deleted the bridge under us: make it again, once.
            await self._apply()
            door = await self._in_worker(make)
        if door is not None:
            self._names.serve(endpoint.container_id, door, resolver)
        # Nobody's start waits for this; the next kernel work does.
        self._tasks.spawn("watch-neighbours", self._in_worker(self._driver.watch_neighbours))

    async def detach(self, container_id: str, network_id: str | None = None) -> None:
        """Unplug from one network (the container lives on), or from all (it has ended). Ports and addresses
        are free when this returns. Harmless when there is nothing to unplug."""
        gone = [
            endpoint
            for endpoint in self._catalog.endpoints_of(container_id)
            if network_id in (None, endpoint.network_id)
        ]
        for endpoint in gone:
            self._publisher.withdraw(endpoint)
            if endpoint.host_interface:
                act = self._driver.shut if network_id is None else self._driver.unplug
                await self._in_worker(partial(act, endpoint.host_interface))
            self._catalog.remove_endpoint(endpoint)
        if gone:
            ids = [endpoint.endpoint_id for endpoint in gone]
            await self._db.write(lambda conn: table.delete_endpoints(conn, ids))
        if network_id is not None:
            await self._move_gateway(container_id)

    async def rename(self, container_id: str, name: str) -> None:
        """A container has got another name; in its networks it is found under the new one at once."""
        mine = self._catalog.endpoints_of(container_id)
        renamed = [replace(endpoint, name=name) for endpoint in mine if endpoint.name != name]
        for endpoint in renamed:
            self._catalog.add_endpoint(endpoint)
        if renamed:
            await self._db.write(partial(table.save_endpoints, endpoints=renamed))

    async def _move_gateway(self, container_id: str) -> None:
        """After a network was left, the default route goes through what remains."""
        route = gateway_endpoint(self._catalog, self._catalog.endpoints_of(container_id))
        if route is not None:
            sandbox = self.sandbox_path(container_id)
            await self._in_worker(
                partial(self._driver.set_gateway, sandbox, route.interface, route.gateway, route.ipv6_gateway)
            )

    async def _take_back(self, endpoint: Endpoint) -> None:
        """Undo an attachment at whatever step it failed."""
        self._publisher.withdraw(endpoint)
        if endpoint.host_interface:
            await self._in_worker(partial(self._driver.unplug, endpoint.host_interface))
        self._catalog.remove_endpoint(endpoint)
        await self._db.write(lambda conn: table.delete_endpoints(conn, [endpoint.endpoint_id]))

    # Life and death of the daemon

    async def restore(self, live: Collection[str]) -> None:
        """After a start: keep the endpoints of the containers in ``live``, clean up after all others.

        Ports of living containers answered all the time and are held again; namespaces, interfaces,
        ports and records that belong to nobody are removed.
        """
        for endpoint in list(self._catalog.endpoints.values()):
            if endpoint.container_id not in live:
                self._catalog.remove_endpoint(endpoint)
        alive = list(self._catalog.endpoints.values())
        for endpoint in alive:
            if endpoint.ports:
                self._publisher.restore(endpoint)
        kept = [forward for endpoint in alive for forward in forwards(endpoint, endpoint.ports)]
        await self._in_worker(partial(self._driver.reset_forwards, kept))
        for name in self._driver.sandboxes(self._netns):
            if name not in live:
                self._driver.remove_sandbox(self._netns / name)
        self._names.restore(live)
        interfaces = {
            endpoint.host_interface: self._catalog.networks[endpoint.network_id].bridge
            for endpoint in alive
            if endpoint.host_interface
        }
        await self._in_worker(partial(self._driver.sweep, self._catalog.bridges(), interfaces))
        known = self._catalog.endpoints
        stale = [found for found in table.endpoint_ids(self._db) if found not in known]
        if stale:
            await self._db.write(lambda conn: table.delete_endpoints(conn, stale))

    async def close(self) -> None:
        """The daemon goes. While containers are plugged in, everything of the kernel stays and their IPv4
        ports go on answering; otherwise bridges and rules go too."""
        self._publisher.close()
        self._names.close()
        remove = not any(endpoint.host_interface for endpoint in self._catalog.endpoints.values())
        await self._in_worker(partial(self._driver.close, self._catalog.bridges(), remove=remove))
        await self._tasks.close()
        self._worker.shutdown()

    async def _in_worker(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, function)


def _mac_for(ipv4: str, endpoint_id: str) -> str:
    """02:42 and the IPv4 address, as Docker chose for years: whoever gets the address again is known by the
    same name, and no neighbour remembers a wrong one. Without IPv4, from the random endpoint id."""
    tail = ip_address(ipv4).packed if ipv4 else bytes.fromhex(endpoint_id[:8])
    return ":".join(f"{byte:02x}" for byte in b"\x02\x42" + tail)


def _free_name(endpoints: Sequence[Endpoint]) -> str:
    """The first of eth0, eth1, ... that the container does not have."""
    used = {endpoint.interface for endpoint in endpoints}
    return next(name for number in range(len(used) + 1) if (name := f"eth{number}") not in used)


def _bridge_is_gone(error: OSError) -> bool:
    return error.errno == errno.ENODEV
