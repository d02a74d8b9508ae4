"""``restart``: stop, then start the same container."""

from berth.base.signals import parse_signal
from berth.engine.container.change import announce
from berth.engine.container.record import Status
from berth.engine.container.start import start_cell
from berth.engine.container.stop import stop_cell
from berth.engine.engine import Engine
from berth.engine.verbs import change


@change
async def restart(engine: Engine, ref: str, timeout: int | None = None, signal: str = "") -> None:
    """Stop the container if it runs, then start it; it keeps its id, files and logs."""
    number = parse_signal(signal) if signal else None
    cell = engine.containers.resolve(ref)
    if cell.state.running or cell.state.status is Status.RESTARTING:
        cell.keep = True
        try:
            await stop_cell(engine, cell, timeout=timeout, signal=number)
        finally:
            cell.keep = False
        announce(engine, cell, "stop")
    await start_cell(engine, cell)
    announce(engine, cell, "restart")
