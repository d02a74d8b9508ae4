"""The containers that the RUN steps of a build run in.

They are containers like any other: ``ps``, ``logs``, ``stats`` and ``exec`` see them. What differs: their
values come from the plan and not from a client's request, the image's VOLUMEs are not mounted (what a step
writes there belongs to the image), nothing is logged, and as long as their build works on them they bear its
mark. A daemon that starts removes those that still have it (``berth.engine.restore``).
"""

import sqlite3
import time
from typing import NamedTuple

import msgspec

from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.base.ids import ContainerId, new_id, short_id
from berth.base.names import random_name
from berth.engine.container import table
from berth.engine.container.adapt import adapt_host
from berth.engine.container.cell import Cell
from berth.engine.container.change import event, move, save_record
from berth.engine.container.files import container_dir
from berth.engine.container.lifecycle import Action
from berth.engine.container.networking import requested_endpoints
from berth.engine.container.record import ContainerRecord, MountPoint, Owner, Status
from berth.engine.container.stop import stop_cell
from berth.engine.container.sweep import discard, forget
from berth.engine.container.verify import verify
from berth.engine.engine import Engine
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.network import NetworkingConfig

_KILL = 9


class Wanted(NamedTuple):
    """A container of the build ``build``, made from ``image_id``. ``command`` is all that it runs."""

    build: str
    image_id: Digest
    command: tuple[str, ...]
    config: ContainerConfig
    host: HostConfig
    mounts: tuple[MountPoint, ...]
    owner: Owner


async def make(engine: Engine, wanted: Wanted) -> Cell:
    """Create the container. Its rows are queued, not waited for: what a crash leaves of it has no row, or a
    row with the mark, and both are swept.

    InvalidArgument for values that no container can have.
    """
    if not wanted.command or not wanted.command[0]:
        raise InvalidArgument("no command specified: RUN needs one")
    container_id = ContainerId(new_id())
    name = random_name(engine.containers.has_name)
    engine.containers.claim(name, container_id)
    try:
        record = _record(engine, wanted, container_id, name)
        directory = container_dir(engine, container_id)
        directory.mkdir(mode=0o710, parents=True)
        try:
            await engine.images.prepare(container_id, wanted.image_id, {})
        except BaseException:
            directory.rmdir()
            raise
    except BaseException:
        engine.containers.release(name, container_id)
        raise
    cell = Cell(record)
    happened = event(record, "create")

    def insert(connection: sqlite3.Connection) -> None:
        table.insert(connection, record)
        engine.events.append(connection, happened)

    engine.database.submit(insert)
    engine.containers.add(cell)
    return cell


def _record(engine: Engine, wanted: Wanted, container_id: ContainerId, name: str) -> ContainerRecord:
    config = msgspec.structs.replace(wanted.config, image=wanted.image_id, cmd=wanted.command)
    if not config.hostname and wanted.host.network_mode != "host":
        config = msgspec.structs.replace(config, hostname=short_id(container_id))
    verify(config, wanted.host)
    host = adapt_host(engine, config, wanted.host)
    directory = container_dir(engine, container_id)
    return ContainerRecord(
        id=container_id,
        name=name,
        created_at=time.time_ns(),
        owner=wanted.owner,
        image_id=wanted.image_id,
        config=config,
        host=host,
        endpoints=requested_endpoints(config, host, NetworkingConfig()),
        mounts=wanted.mounts,
        path=wanted.command[0],
        args=wanted.command[1:],
        hostname_path=str(directory / "hostname"),
        hosts_path=str(directory / "hosts"),
        resolv_conf_path=str(directory / "resolv.conf"),
        build=wanted.build,
    )


async def remove(engine: Engine, cell: Cell) -> None:
    """Take the container away, running or not."""
    await engine.tasks.finish(f"remove {cell.id}", _remove(engine, cell))


async def _remove(engine: Engine, cell: Cell) -> None:
    if cell.state.running:
        await stop_cell(engine, cell, timeout=0, signal=_KILL)
    async with cell.lock:
        if engine.containers.get(cell.id) is None or cell.state.status is Status.REMOVING:
            return  # somebody was quicker
        move(engine, cell, Action.REMOVE)
        await forget(engine, cell)
        await discard(engine, cell.record, volumes=False)


async def leave(engine: Engine, cell: Cell) -> None:
    """The build is done with it and it stays, for somebody to look into. What the step had mounted goes with
    the step."""
    async with cell.lock:
        if engine.containers.get(cell.id) is None:
            return
        record = cell.replace(msgspec.structs.replace(cell.record, build="", mounts=()))
        await save_record(engine, record)
