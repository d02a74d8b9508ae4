"""A container's run from start to end: launch it, wait for its exit, clean up, apply the restart policy."""

import asyncio
import logging
import time
from functools import partial

import msgspec

from berth.base.errors import BerthError
from berth.engine.container.cell import Cell, ExitStatus
from berth.engine.container.change import announce, event, move, network_events, update_state
from berth.engine.container.health import initial_health, start_health, stop_health
from berth.engine.container.launch import Launched, launch
from berth.engine.container.lifecycle import Action, next_status
from berth.engine.container.logs import log_of
from berth.engine.container.record import Status
from berth.engine.container.restarts import next_delay, should_restart
from berth.engine.container.sweep import discard, forget
from berth.engine.container.teardown import release_network, release_volumes, teardown
from berth.engine.engine import Engine
from berth.logs.file import FileLog
from berth.runtime.errors import LaunchError
from berth.runtime.monitor import Exit, Process

_log = logging.getLogger(__name__)

_START_FAILED = 128
"""Docker's exit code of a container that could not be started, where the cause has none of its own."""


async def run_cell(engine: Engine, cell: Cell, *, restarting: bool = False) -> None:
    """Start the container's process and watch it. The caller holds the lock.

    On failure the container keeps its status, its state names the cause, and nothing is left behind.
    """
    next_status(cell.state.status, Action.START, container_id=cell.id, name=cell.record.name)
    try:
        launched = await launch(engine, cell)
    except BaseException as error:
        await _record_failure(engine, cell, error)
        raise
    _enter_running(engine, cell, launched, restarting=restarting)


def _enter_running(engine: Engine, cell: Cell, launched: Launched, *, restarting: bool) -> None:
    state = cell.state
    cell.begin_run(launched.process)
    count = state.restart_count + 1 if restarting else 0
    # Not awaited: a start that is lost with the daemon is found again through its run directory.
    connected = msgspec.structs.replace(state, endpoints=launched.endpoints)
    happened = network_events(msgspec.structs.replace(cell.record, state=connected), "connect")
    move(
        engine,
        cell,
        Action.START,
        *happened,
        event(cell.record, "start"),
        pid=launched.process.pid,
        trace=launched.process.trace,
        started_at=time.time_ns(),
        finished_at=state.finished_at,
        exit_code=0,
        error="",
        oom_killed=False,
        stopped_by_user=False,
        restart_count=count,
        endpoints=launched.endpoints,
        ports=launched.ports,
        health=initial_health(cell.record),
    )
    watch(engine, cell, launched.process)


def watch(engine: Engine, cell: Cell, process: Process) -> None:
    """Wait for the end of ``process`` in the background; also how a run found at a restart is taken up."""
    process.when_ended(partial(_ended, engine, cell, process))
    log = log_of(cell.record)
    if isinstance(log, FileLog):
        engine.log_keeper.keep(cell.id, log, process.reopen_log)
    start_health(engine, cell)


def _ended(engine: Engine, cell: Cell, process: Process, ended: Exit) -> None:
    if engine.tasks.closed:
        return  # the next daemon finds the exit where the monitor has left it
    # What follows is not cut off when the daemon ends.
    work = engine.tasks.finish(f"clean up {cell.id}", _after_exit(engine, cell, process, ended))
    engine.tasks.spawn(f"supervise {cell.id}", work)


async def _after_exit(engine: Engine, cell: Cell, process: Process, ended: Exit) -> None:
    async with cell.lock:
        if cell.process is process:
            await finish_run(engine, cell, ended)
    process.release()


async def finish_run(engine: Engine, cell: Cell, ended: Exit) -> None:
    """Record the exit, answer those who wait, clean up, and do what the policy says. Holds the lock.

    The answer comes before the slow part of the clean-up: ports and names are free by then, and what a
    crash leaves of the rest is swept when the daemon comes back.
    """
    record = cell.record
    cell.end_run()
    engine.log_keeper.let_go(cell.id)
    stop_health(cell)
    again = should_restart(record, ended.code)
    await release_network(engine, cell)
    await release_volumes(engine, record)
    _record_exit(engine, cell, ended, again=again)
    cell.announce_exit(ExitStatus(ended.code))
    removed = record.host.auto_remove and not again and not cell.keep
    if removed:
        await forget(engine, cell, volumes=True)
    if isinstance(log := log_of(record), FileLog) and not removed:
        log.cut()
    await teardown(engine, record, ended=True)
    if removed:
        await discard(engine, record, volumes=True)
    elif again:
        _schedule_restart(engine, cell)


def _record_exit(engine: Engine, cell: Cell, ended: Exit, *, again: bool) -> None:
    record = cell.record
    lasted = max(0, (ended.at_ns - record.state.started_at) // 1_000_000_000)
    happened = [event(record, "die", {"exitCode": str(ended.code), "execDuration": str(lasted)})]
    happened += network_events(record, "disconnect")
    if ended.oom:
        happened.insert(0, event(record, "oom"))
    move(
        engine,
        cell,
        Action.CRASH if again else Action.EXIT,
        *happened,
        pid=0,
        exit_code=ended.code,
        oom_killed=ended.oom,
        finished_at=ended.at_ns,
        endpoints={},
        ports=(),
    )


def _schedule_restart(engine: Engine, cell: Cell) -> None:
    state = cell.state
    ran_s = (state.finished_at - state.started_at) / 1e9
    cell.restart_delay_s = next_delay(cell.restart_delay_s, ran_s)
    cell.restart_timer = engine.tasks.spawn(f"restart {cell.id}", _restart_later(engine, cell))


async def _restart_later(engine: Engine, cell: Cell) -> None:
    await asyncio.sleep(cell.restart_delay_s)
    async with cell.lock:
        cell.restart_timer = None
        if cell.state.status is not Status.RESTARTING:
            return
        try:
            await run_cell(engine, cell, restarting=True)
        except BerthError as error:
            _log.warning("container %s could not be restarted: %s", cell.id, error)


async def _record_failure(engine: Engine, cell: Cell, error: BaseException) -> None:
    code = error.exit_code if isinstance(error, LaunchError) else _START_FAILED
    changes: dict[str, object] = {"exit_code": code, "error": str(error), "pid": 0, "endpoints": {}}
    changes["ports"] = ()
    cell.console.end()
    if cell.state.status is Status.RESTARTING:
        # Docker gives up when a restart cannot even be started.
        await move(engine, cell, Action.EXIT, **changes)
        cell.announce_exit(ExitStatus(code))
    else:
        await update_state(engine, cell, **changes)
    if cell.record.host.auto_remove:
        await forget(engine, cell, volumes=True)
        await discard(engine, cell.record, volumes=True)
    else:
        announce(engine, cell, "die", {"exitCode": str(code)})
