"""``start``: run a created or stopped container."""

from berth.engine.container.cell import Cell
from berth.engine.container.restarts import give_up_restart
from berth.engine.container.supervise import run_cell
from berth.engine.engine import Engine
from berth.engine.verbs import change


@change
async def start(engine: Engine, ref: str, detach_keys: str | None = None) -> None:
    """Start the container; NotModified when it runs, LaunchError when its program cannot be run."""
    cell = engine.containers.resolve(ref)
    if detach_keys:
        cell.detach_keys = detach_keys
    await start_cell(engine, cell)


async def start_cell(engine: Engine, cell: Cell) -> None:
    """Start the container of ``cell`` under its lock; a restart that is waiting is brought forward."""
    async with cell.lock:
        await give_up_restart(engine, cell)
        await run_cell(engine, cell)
