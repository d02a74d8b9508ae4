"""``rm``: remove a container, its writable layer and its logs."""

import signal

from berth.base.errors import Conflict
from berth.engine.container.cell import Cell
from berth.engine.container.change import move
from berth.engine.container.lifecycle import Action, next_status
from berth.engine.container.record import Status
from berth.engine.container.restarts import give_up_restart
from berth.engine.container.stop import stop_cell
from berth.engine.container.sweep import discard, forget
from berth.engine.engine import Engine
from berth.engine.verbs import change


@change
async def remove(
    engine: Engine, ref: str, *, force: bool = False, volumes: bool = False, link: bool = False
) -> None:
    """Remove the container. Conflict when it is running and ``force`` is not set."""
    cell = engine.containers.resolve(ref)
    if link:
        raise Conflict(f"cannot remove link {ref}: links between containers are not kept by this engine")
    if force and (cell.state.running or cell.state.status is Status.RESTARTING):
        await _end(engine, cell)
        if engine.containers.get(cell.id) is None:
            return  # its --rm was quicker
    async with cell.lock:
        if engine.containers.get(cell.id) is None:
            return
        status = cell.state.status
        if status is Status.REMOVING:
            raise Conflict(f"removal of container {ref} is already in progress")
        next_status(status, Action.REMOVE, container_id=cell.id, name=ref)
        volumes = volumes or cell.record.host.auto_remove
        await move(engine, cell, Action.REMOVE, takes_volumes=volumes)
        await forget(engine, cell, volumes=volumes)
        await discard(engine, cell.record, volumes=volumes)


async def _end(engine: Engine, cell: Cell) -> None:
    async with cell.lock:
        await give_up_restart(engine, cell)
    await stop_cell(engine, cell, timeout=0, signal=int(signal.SIGKILL))
