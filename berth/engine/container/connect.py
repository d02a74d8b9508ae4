"""Connecting a container that starts: a sandbox with addresses and ports, another's sandbox, or the host."""

from contextlib import AsyncExitStack
from typing import NamedTuple

from berth.base.errors import Conflict
from berth.engine.container.links import split_link
from berth.engine.container.networking import network_name
from berth.engine.container.ports import port_requests
from berth.engine.container.record import ContainerRecord, EndpointState
from berth.engine.engine import Engine
from berth.engine.spec.network import EndpointSettings
from berth.network.records import HOST as HOST_DRIVER
from berth.network.records import Endpoint, EndpointRequest, PublishedPort, Resolver
from berth.runtime.spec.options import HOST


class Connection(NamedTuple):
    """``namespace`` is a path to join or HOST; ``owner_id`` the container whose network this is."""

    namespace: str
    owner_id: str
    endpoints: dict[str, EndpointState]
    ports: tuple[PublishedPort, ...]
    gateway: str = ""


async def connect(engine: Engine, record: ContainerRecord, undo: AsyncExitStack) -> Connection:
    """Make or find the container's network; ``undo`` gets what takes it away again."""
    mode = record.host.network_mode
    if mode.startswith("container:"):
        return _join(engine, record, mode.removeprefix("container:"))
    network = engine.networks.resolve(network_name(record.host))
    if network.driver == HOST_DRIVER:
        return Connection(HOST, record.id, *connected(engine, record))
    sandbox = engine.networks.create_sandbox(record.id)
    undo.callback(engine.networks.remove_sandbox, record.id)
    undo.push_async_callback(engine.networks.detach, record.id)
    gateway = ""
    for name, settings in record.endpoints.items():
        target = engine.networks.resolve(name)
        asked = port_requests(record.config, record.host) if target.id == network.id else ()
        endpoint = await engine.networks.attach(
            record.id, sandbox, target.id, endpoint_request(engine, record, settings), asked
        )
        gateway = gateway or endpoint.gateway
    return Connection(str(sandbox), record.id, *connected(engine, record), gateway)


def connected(
    engine: Engine, record: ContainerRecord
) -> tuple[dict[str, EndpointState], tuple[PublishedPort, ...]]:
    """The networks that a container is in and its ports that answer, as the network room has them: after a
    start, and again when a restarted daemon finds a run whose start nobody recorded."""
    if record.host.network_mode.startswith("container:"):
        return {}, ()
    network = engine.networks.resolve(network_name(record.host))
    if network.driver == HOST_DRIVER:
        return {network.name: EndpointState(network_id=network.id)}, ()
    live = {endpoint.network_id: endpoint for endpoint in engine.networks.endpoints_of(record.id)}
    targets = [engine.networks.resolve(name) for name in record.endpoints]
    found = [(target.name, live[target.id]) for target in targets if target.id in live]
    ports = tuple(port for _, endpoint in found for port in endpoint.ports)
    return {name: endpoint_state(endpoint) for name, endpoint in found}, ports


def _join(engine: Engine, record: ContainerRecord, ref: str) -> Connection:
    other = engine.containers.resolve(ref)
    if other.id == record.id:
        raise Conflict("cannot join own network namespace")
    if not other.state.running:
        raise Conflict(
            "cannot join network namespace of a non running container: "
            f"container {other.record.name} is {other.state.status}"
        )
    if other.record.host.network_mode == "host":
        return Connection(HOST, other.id, {}, ())
    return Connection(f"/proc/{other.state.pid}/ns/net", other.id, {}, ())


def endpoint_request(engine: Engine, record: ContainerRecord, settings: EndpointSettings) -> EndpointRequest:
    """How the container wants to be plugged into one network. Its host name is a name for others too."""
    ipam = settings.ipam_config
    host, daemon = record.host, engine.settings
    options = host.dns_options or daemon.dns_options
    return EndpointRequest(
        name=record.name,
        aliases=(*settings.aliases, record.config.hostname),
        links=tuple((alias, name) for name, alias in map(split_link, settings.links)),
        resolver=Resolver(servers=host.dns or daemon.dns, ndots=_sets_ndots(options)),
        ipv4=ipam.ipv4_address if ipam else "",
        ipv6=ipam.ipv6_address if ipam else "",
        mac=settings.mac_address,
        priority=settings.gw_priority,
    )


def _sets_ndots(options: tuple[str, ...]) -> bool:
    found = [option.removeprefix("ndots:") for option in options if option.startswith("ndots:")]
    return bool(found) and found[-1] != "0"


def endpoint_state(endpoint: Endpoint) -> EndpointState:
    """What ``inspect`` shows of a live endpoint."""
    return EndpointState(
        network_id=endpoint.network_id,
        endpoint_id=endpoint.endpoint_id,
        ipv4=endpoint.ipv4,
        prefix_length=endpoint.prefix,
        gateway=endpoint.gateway,
        ipv6=endpoint.ipv6,
        ipv6_prefix_length=endpoint.ipv6_prefix,
        ipv6_gateway=endpoint.ipv6_gateway,
        mac=endpoint.mac,
    )
