"""``kill``: send a signal to a container's first process."""

import asyncio
import contextlib
import signal as signals

from berth.base.errors import BerthError, Conflict
from berth.base.signals import parse_signal
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce, update_state
from berth.engine.container.record import Status
from berth.engine.container.runtime import runtime_of
from berth.engine.engine import Engine
from berth.engine.verbs import change

DEFAULT_STOP_SIGNAL = "SIGTERM"
_KILL_PATIENCE_S = 10.0


@change
async def kill(engine: Engine, ref: str, signal: str = "") -> None:
    """Send ``signal`` (default KILL). Conflict when the container is not running."""
    number = parse_signal(signal) if signal else int(signals.SIGKILL)
    cell = engine.containers.resolve(ref)
    async with cell.lock:
        if not cell.state.running and cell.state.status is not Status.RESTARTING:
            raise Conflict(
                f"cannot kill container: {ref}: container {cell.id} is not running",
                hint="`ps -a` shows its state",
            )
        exited = cell.next_exit()
        await send_signal(engine, cell, number)
    if number == signals.SIGKILL:
        # Docker answers when the container has ended: what follows may count on it.
        await asyncio.wait([exited], timeout=_KILL_PATIENCE_S)


async def send_signal(engine: Engine, cell: Cell, number: int) -> None:
    """Deliver a signal and record it. The caller holds the lock.

    A signal that ends the container (KILL, or its stop signal) also says that a person wanted it to end,
    which the restart policies respect.
    """
    ends = number in (signals.SIGKILL, stop_signal(cell))
    if ends:
        # Recorded before the signal: the exit may be handled before this function goes on.
        await update_state(engine, cell, stopped_by_user=True)
        if cell.restart_timer is not None:
            cell.restart_timer.cancel()
    if cell.state.running:
        runtime = runtime_of(engine, cell.record)
        try:
            await runtime.kill(cell.id, number)
        except Conflict:
            if not ends:
                raise
            return  # it has ended by itself, which is what was wanted
        if cell.state.status is Status.PAUSED and ends:
            # A frozen process may not be able to die before it is thawed (cgroup v1).
            with contextlib.suppress(BerthError):
                await runtime.resume(cell.id)
    announce(engine, cell, "kill", {"signal": str(number)})


def stop_signal(cell: Cell) -> int:
    """The signal that asks this container to end."""
    return parse_signal(cell.record.config.stop_signal or DEFAULT_STOP_SIGNAL)
