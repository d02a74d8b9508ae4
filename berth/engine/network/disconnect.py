"""``network disconnect``: unplug a container from a network."""

from msgspec.structs import replace

from berth.base.errors import BerthError, Internal, InvalidArgument
from berth.engine.container import table
from berth.engine.container.cell import Cell
from berth.engine.engine import Engine
from berth.engine.network.create import announce
from berth.engine.verbs import change
from berth.network.records import HOST


@change
async def disconnect(engine: Engine, ref: str, container: str, *, force: bool = False) -> None:
    """Disconnect ``container`` from the network ``ref``. ``force`` says to forget an endpoint that cannot be
    taken down in order."""
    network = engine.networks.resolve(ref)
    cell = engine.containers.resolve(container)
    if network.driver == HOST:
        raise InvalidArgument("container cannot be disconnected from host network")
    async with cell.lock:
        if network.name not in cell.record.endpoints:
            raise Internal(f"container {cell.id} is not connected to network {network.name}")
        live = cell.state.running
        if live:
            try:
                await engine.networks.detach(cell.id, network.id)
            except BerthError:
                if not force:
                    raise
        await _forget(engine, cell, network.name)
    if live:
        await announce(engine, network, "disconnect", container=cell.id)


async def _forget(engine: Engine, cell: Cell, name: str) -> None:
    record = cell.record
    live = {key: value for key, value in record.state.endpoints.items() if key != name}
    asked = {key: value for key, value in record.endpoints.items() if key != name}
    record = replace(record, endpoints=asked, state=replace(record.state, endpoints=live))
    await engine.database.write(lambda connection: table.save(connection, record))
    cell.replace(record)
