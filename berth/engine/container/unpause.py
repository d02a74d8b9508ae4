"""``unpause``: let the processes of a paused container go on."""

from berth.engine.container.change import event, move
from berth.engine.container.lifecycle import Action, next_status
from berth.engine.container.runtime import runtime_of
from berth.engine.engine import Engine
from berth.engine.verbs import change


@change
async def unpause(engine: Engine, ref: str) -> None:
    """Thaw the container. Conflict when it is not paused."""
    cell = engine.containers.resolve(ref)
    async with cell.lock:
        next_status(cell.state.status, Action.UNPAUSE, container_id=cell.id, name=cell.record.name)
        await runtime_of(engine, cell.record).resume(cell.id)
        await move(engine, cell, Action.UNPAUSE, event(cell.record, "unpause"))
