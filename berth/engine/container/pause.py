"""``pause``: freeze every process of a container."""

from berth.engine.container.change import event, move
from berth.engine.container.lifecycle import Action, next_status
from berth.engine.container.runtime import runtime_of
from berth.engine.engine import Engine
from berth.engine.verbs import change


@change
async def pause(engine: Engine, ref: str) -> None:
    """Freeze the container. Conflict when it is not running or already paused."""
    cell = engine.containers.resolve(ref)
    async with cell.lock:
        next_status(cell.state.status, Action.PAUSE, container_id=cell.id, name=cell.record.name)
        await runtime_of(engine, cell.record).pause(cell.id)
        await move(engine, cell, Action.PAUSE, event(cell.record, "pause"))
