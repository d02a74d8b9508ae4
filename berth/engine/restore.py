"""What a new daemon does with what an earlier one left: rows plus kernel give the state.

For every row: a run directory means that there may be a run. If its monitor knows of a process, the run is
adopted (it may have ended meanwhile: then its exit is recorded now). Otherwise whatever the run left is
removed and the row is told that its process is gone. What no row names is swept: it belongs to a create or
a removal that was cut off, and nobody was told of either.
"""

import asyncio
import logging
import os
import shutil
import time
from pathlib import Path

from berth.base.errors import BerthError
from berth.engine.container import table
from berth.engine.container.cell import Cell, ExitStatus
from berth.engine.container.change import event, move, update_state
from berth.engine.container.connect import connected
from berth.engine.container.files import run_dir
from berth.engine.container.lifecycle import Action
from berth.engine.container.record import ContainerRecord, Status
from berth.engine.container.restarts import should_start_with_daemon
from berth.engine.container.runtime import runtime_of
from berth.engine.container.stillness import end_stillness
from berth.engine.container.supervise import run_cell, watch
from berth.engine.container.sweep import discard, drop_orphans, forget
from berth.engine.container.teardown import release_network, teardown
from berth.engine.engine import Engine
from berth.runtime.monitor import Process

_log = logging.getLogger(__name__)

_RECORDING_S = 10.0
"""How long a start waits for the ends that nobody saw to be recorded; a few milliseconds each."""
_LOST = 255
"""Exit code of a run whose end nobody saw: the machine went down, or its monitor was killed."""


async def restore(engine: Engine) -> None:
    """Bring the engine to the state that rows and kernel describe. Call it once, before serving."""
    records = table.load_all(engine.database)
    for record in records:
        engine.containers.add(Cell(record))
    known = frozenset(record.id for record in records)
    adopted = await _adopt_all(engine)
    await engine.networks.restore(frozenset(cell.id for cell in adopted))
    for cell in engine.containers:
        if cell not in adopted:
            await _settle(engine, cell)
    ended = [cell.next_exit() for cell, process in adopted.items() if process.ended]
    for cell, process in adopted.items():
        await engine.networks.rename(cell.id, cell.record.name)  # a rename may have been cut off
        _take_up(engine, cell, process)
        for point in cell.record.mounts:
            if point.kind == "volume":
                await engine.volumes.mount(point.name, cell.id)
    if ended:  # the first answer tells of them; a clean-up that fails must not keep the engine from serving
        await asyncio.wait(ended, timeout=_RECORDING_S)
    await end_stillness(engine, adopted)
    await engine.volumes.unmount_unused()
    await _sweep(engine, known)


async def start_by_policy(engine: Engine) -> None:
    """Start the containers whose restart policy wants them up, after the engine serves."""
    for cell in engine.containers:
        if cell.state.running:
            continue
        async with cell.lock:
            wanted = should_start_with_daemon(cell.record) or cell.state.status is Status.RESTARTING
            if not wanted or cell.state.running:
                continue
            try:
                await run_cell(engine, cell)
            except BerthError as error:
                _log.error("container %s (%s) could not be started: %s", cell.id, cell.record.name, error)


async def _adopt_all(engine: Engine) -> dict[Cell, Process]:
    """The runs that go on, or whose exit is still to be recorded."""
    adopted: dict[Cell, Process] = {}
    runs = _names(engine.settings.exec_root / "containers")
    for cell in engine.containers:
        if _is_on_its_way_out(cell.record) or cell.id not in runs:
            continue
        directory = run_dir(engine, cell.id)
        runtime, trace = runtime_of(engine, cell.record), cell.state.trace if cell.state.running else ""
        process = await engine.monitor.adopt(cell.id, directory, runtime, trace)
        if process is not None:
            adopted[cell] = process
    return adopted


def _take_up(engine: Engine, cell: Cell, process: Process) -> None:
    """Go on supervising a run; a start that was cut off between the process and the row is completed."""
    cell.begin_run(process)
    cell.console.bind(process.io)
    if not cell.state.running:
        endpoints, ports = connected(engine, cell.record)
        move(
            engine,
            cell,
            Action.START,
            event(cell.record, "start"),
            pid=process.pid,
            trace=process.trace,
            started_at=time.time_ns(),
            exit_code=0,
            error="",
            endpoints=endpoints,
            ports=ports,
        )
    elif cell.state.pid != process.pid or not cell.state.trace:
        _correct(engine, cell, process)
    watch(engine, cell, process)


def _correct(engine: Engine, cell: Cell, process: Process) -> None:
    """The row is that of an earlier run, or of a daemon that kept no trace."""
    trace = process.trace
    if cell.state.pid != process.pid or cell.state.trace != trace:
        update_state(engine, cell, pid=process.pid, trace=trace)


async def _settle(engine: Engine, cell: Cell) -> None:
    """A container without a live run: clean up after it and say so in its row."""
    record = cell.record
    if run_dir(engine, record.id).exists():
        await release_network(engine, cell)
        await teardown(engine, record)
    if _is_on_its_way_out(record):
        volumes = record.host.auto_remove or record.state.takes_volumes
        await forget(engine, cell, volumes=volumes)
        await discard(engine, record, volumes=volumes)
    elif record.state.running:
        await _record_loss(engine, cell, record)


def _is_on_its_way_out(record: ContainerRecord) -> bool:
    """Its removal was cut off, or the build that it worked for has died with the daemon."""
    return record.state.status is Status.REMOVING or bool(record.build)


async def _record_loss(engine: Engine, cell: Cell, record: ContainerRecord) -> None:
    happened = event(record, "die", {"exitCode": str(_LOST)})
    await move(
        engine,
        cell,
        Action.EXIT,
        happened,
        pid=0,
        exit_code=_LOST,
        finished_at=time.time_ns(),
        endpoints={},
        ports=(),
    )
    cell.announce_exit(ExitStatus(_LOST))
    if record.host.auto_remove:
        await forget(engine, cell, volumes=True)
        await discard(engine, record, volumes=True)
    else:
        await update_state(engine, cell, error="the end of this run was not seen: the host went down")


def _names(directory: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(directory))
    except FileNotFoundError:
        return frozenset()


async def _sweep(engine: Engine, known: frozenset[str]) -> None:
    """Remove what belongs to no row: runs, snapshots, directories."""
    runs = engine.settings.exec_root / "containers"
    runs.mkdir(mode=0o711, parents=True, exist_ok=True)
    for name in _names(runs) - known:
        _log.info("removing %s: no container has this id", runs / name)
        await engine.monitor.discard(name, runs / name, engine.runtimes.get(""))
        engine.images.unmount(name)
        shutil.rmtree(runs / name, ignore_errors=True)
    for key in engine.images.snapshot_keys() - known:
        _log.info("removing the snapshot %s: no container has this id", key)
        engine.images.unmount(key)
        await engine.images.discard(key)
    directories = engine.settings.data_root / "containers"
    directories.mkdir(mode=0o710, parents=True, exist_ok=True)
    for name in _names(directories) - known:
        shutil.rmtree(directories / name, ignore_errors=True)
    shutil.rmtree(engine.settings.exec_root / "execs", ignore_errors=True)
    await drop_orphans(engine)
