"""From a record to a running process: mounts, network, files, specification, monitor. All or nothing."""

import shutil
from contextlib import AsyncExitStack
from typing import NamedTuple

from berth.engine.container.cell import Cell
from berth.engine.container.connect import connect
from berth.engine.container.files import run_dir
from berth.engine.container.filesystem import prepare_mounts, prepare_working_dir
from berth.engine.container.record import ContainerRecord, EndpointState, PublishedPort
from berth.engine.container.runtime import runtime_of
from berth.engine.container.specify import Surroundings, spec_options
from berth.engine.container.teardown import teardown
from berth.engine.engine import Engine
from berth.runtime.monitor import Launch, Process
from berth.runtime.spec.build import build_spec


class Launched(NamedTuple):
    """A process that runs, and how its container is connected."""

    process: Process
    endpoints: dict[str, EndpointState]
    ports: tuple[PublishedPort, ...]


async def launch(engine: Engine, cell: Cell) -> Launched:
    """Start the container's process. The caller holds the lock.

    On any failure everything is undone, in the opposite order, and the failure is raised.
    """
    record = cell.record
    directory = run_dir(engine, record.id)
    if directory.exists():
        await teardown(engine, record)  # left by a run whose clean-up was cut off
    async with AsyncExitStack() as undo:
        directory.mkdir(mode=0o710, parents=True)
        undo.callback(shutil.rmtree, directory, ignore_errors=True)
        undo.callback(engine.images.unmount, record.id)
        rootfs = engine.images.mount(record.id)
        connection = await connect(engine, record, undo)
        around = Surroundings(
            rootfs=rootfs,
            network_namespace=connection.namespace,
            mounts=await prepare_mounts(engine, record, connection, undo),
            shm_source="",
        )
        prepare_working_dir(record, rootfs)
        options = spec_options(engine, record, around)
        process = await _create_process(
            engine, cell, build_spec(options, recursive_read_only=engine.host.recursive_read_only), undo
        )
        await process.start()
        undo.pop_all()
    return Launched(process, connection.endpoints, connection.ports)


async def _create_process(
    engine: Engine, cell: Cell, spec: dict[str, object], undo: AsyncExitStack
) -> Process:
    record = cell.record
    config = record.config
    runtime = runtime_of(engine, record)
    process = await engine.monitor.create(
        Launch(
            container_id=record.id,
            run_dir=run_dir(engine, record.id),
            spec=spec,
            runtime=runtime,
            terminal=config.tty,
            console_size=record.host.console_size if any(record.host.console_size) else None,
            stdin_open=config.open_stdin,
            stdin_once=config.stdin_once,
            log_path=_log_path(record),
        )
    )
    undo.push_async_callback(process.abandon)
    cell.console.bind(process.io)
    return process


def _log_path(record: ContainerRecord) -> str:
    return "" if record.host.log_config.type == "none" else record.log_path
