"""``stop``: ask a container to end, then insist."""

import asyncio
import signal as signals

from berth.base.errors import Internal, NotModified
from berth.base.signals import parse_signal
from berth.engine.container.cell import Cell, ExitStatus
from berth.engine.container.change import announce
from berth.engine.container.kill import send_signal, stop_signal
from berth.engine.container.record import Status
from berth.engine.container.restarts import give_up_restart
from berth.engine.engine import Engine
from berth.engine.verbs import change

DEFAULT_TIMEOUT_S = 10
_KILL_PATIENCE_S = 10


@change
async def stop(engine: Engine, ref: str, timeout: int | None = None, signal: str = "") -> None:
    """Stop the container: its stop signal, ``timeout`` seconds (-1: no limit), then KILL.

    NotModified when it is not running.
    """
    number = parse_signal(signal) if signal else None
    cell = engine.containers.resolve(ref)
    if not cell.state.running and cell.state.status is not Status.RESTARTING:
        raise NotModified("container is already stopped")
    await stop_cell(engine, cell, timeout=timeout, signal=number)
    announce(engine, cell, "stop")


async def stop_cell(
    engine: Engine, cell: Cell, *, timeout: int | None = None, signal: int | None = None
) -> None:
    """End the container's process and wait until its exit has been recorded."""
    patience = timeout if timeout is not None else cell.record.config.stop_timeout
    if patience is None:
        patience = DEFAULT_TIMEOUT_S
    async with cell.lock:
        if cell.state.status is Status.RESTARTING:
            # Between two runs there is no process to signal: end the waiting.
            await give_up_restart(engine, cell)
            return
        if not cell.state.running:
            return
        exited = cell.next_exit()
        paused = cell.state.status is Status.PAUSED
        await send_signal(engine, cell, signal or stop_signal(cell))
        if paused and cell.state.status is Status.PAUSED:
            patience = 0  # frozen and left so: it cannot react to anything but KILL
    if await _wait_exit(exited, None if patience < 0 else patience):
        return
    async with cell.lock:
        if cell.state.running:
            await send_signal(engine, cell, signals.SIGKILL)
    if not await _wait_exit(exited, _KILL_PATIENCE_S):
        await _kill_remains(engine, cell, exited)


async def _wait_exit(exited: asyncio.Future[ExitStatus], timeout_s: float | None) -> bool:
    done, _ = await asyncio.wait([exited], timeout=timeout_s)
    return bool(done)


async def _kill_remains(engine: Engine, cell: Cell, exited: asyncio.Future[ExitStatus]) -> None:
    """A first process that KILL does not end hangs in the kernel; say so rather than wait for ever."""
    announce(engine, cell, "kill", {"signal": str(int(signals.SIGKILL))})
    if not await _wait_exit(exited, _KILL_PATIENCE_S):
        raise Internal(
            f"tried to kill container {cell.id}, but did not receive an exit event",
            hint="its process hangs in the kernel (often a dead NFS mount or a driver)",
        )
