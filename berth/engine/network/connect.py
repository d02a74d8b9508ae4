"""``network connect``: plug a container into another network, at once if it runs."""

from msgspec.structs import replace

from berth.base.errors import Conflict, Forbidden, InvalidArgument
from berth.engine.container import table
from berth.engine.container.cell import Cell
from berth.engine.container.connect import endpoint_request, endpoint_state
from berth.engine.container.filesystem import begin_embedded_names
from berth.engine.container.record import EndpointState, Status
from berth.engine.engine import Engine
from berth.engine.network.create import announce
from berth.engine.spec.network import EndpointSettings
from berth.engine.verbs import change
from berth.network.records import HOST, NULL, Network


@change
async def connect(engine: Engine, ref: str, container: str, settings: EndpointSettings) -> None:
    """Connect ``container`` to the network ``ref``; a stopped one is connected when it next starts."""
    cell = engine.containers.resolve(container)
    network = engine.networks.resolve(ref)
    async with cell.lock:
        _check(engine, cell, network)
        live: dict[str, EndpointState] = {}
        if cell.state.running:
            sandbox = engine.networks.sandbox_path(cell.id)
            wish = endpoint_request(engine, cell.record, settings)
            had_names = engine.networks.has_name_server(cell.id)
            endpoint = await engine.networks.attach(cell.id, sandbox, network.id, wish, ())
            live = {network.name: endpoint_state(endpoint)}
            if engine.networks.has_name_server(cell.id) and not had_names:
                begin_embedded_names(engine, cell.record)
        await _save(engine, cell, network.name, settings, live)
    if live:
        await announce(engine, network, "connect", container=cell.id)


def _check(engine: Engine, cell: Cell, network: Network) -> None:
    record, mode = cell.record, cell.record.host.network_mode
    if record.state.status in (Status.REMOVING, Status.DEAD):
        raise Conflict(
            f"Container {cell.id} is marked for removal and cannot be connected or disconnected "
            "to the network"
        )
    if mode == "host" or mode.startswith("container:"):
        raise InvalidArgument(
            "container sharing network namespace with another container or host cannot be connected "
            "to any other network"
        )
    if network.driver == HOST:
        raise InvalidArgument(
            "cannot connect container to host network - container must be created in host network mode"
        )
    if network.driver == NULL or mode == "none":
        raise InvalidArgument(
            "container cannot be connected to multiple networks with one of the networks in private "
            "(none) mode"
        )
    if network.name in record.endpoints:
        raise Forbidden(f"endpoint with name {record.name} already exists in network {network.name}")


async def _save(
    engine: Engine, cell: Cell, name: str, settings: EndpointSettings, live: dict[str, EndpointState]
) -> None:
    record = cell.record
    state = replace(record.state, endpoints={**record.state.endpoints, **live})
    record = replace(record, endpoints={**record.endpoints, name: settings}, state=state)
    await engine.database.write(lambda connection: table.save(connection, record))
    cell.replace(record)
