"""From a record to a running process: mounts, network, files, specification, monitor. All or nothing."""

import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from berth.engine.container.cell import Cell
from berth.engine.container.connect import connect
from berth.engine.container.files import run_dir
from berth.engine.container.filesystem import prepare_mounts, prepare_shm, prepare_working_dir
from berth.engine.container.record import EndpointState
from berth.engine.container.resources import refuse_device_requests
from berth.engine.container.runtime import runtime_of
from berth.engine.container.specify import Surroundings, spec_options
from berth.engine.container.teardown import teardown
from berth.engine.engine import Engine
from berth.network.records import PublishedPort
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
    refuse_device_requests(record.host)
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
            shm_source=prepare_shm(engine, record, undo),
        )
        prepare_working_dir(record, rootfs)
        options = spec_options(engine, record, around)
        if cell.secret_env:
            options = replace(options, env=(*options.env, *cell.secret_env))
        process = await _create_process(
            engine, cell, build_spec(options, recursive_read_only=engine.host.recursive_read_only), undo
        )
        await process.start()
        undo.pop_all()
    return Launched(process, connection.endpoints, connection.ports)


async def _create_process(engine: Engine, cell: Cell, spec: dict[str, Any], undo: AsyncExitStack) -> Process:
    record = cell.record
    config = record.config
    runtime = runtime_of(engine, record)
    directory = run_dir(engine, record.id)
    undo.push_async_callback(engine.monitor.discard, record.id, directory, runtime)
    process = await engine.monitor.create(
        Launch(
            container_id=record.id,
            run_dir=directory,
            runtime=runtime,
            spec=spec,
            log_path=Path(record.log_path) if record.log_path else None,
            terminal=config.tty,
            stdin=config.open_stdin,
            stdin_once=config.stdin_once,
        )
    )
    cell.console.bind(process.io)
    return process
