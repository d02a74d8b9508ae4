"""The removal of a container in two halves: first it is gone for everyone, then its files are.

A crash between the halves leaves files that no row names; ``berth.engine.restore`` discards those. Volumes
have rows of their own: that they are to go is noted together with the removal of the container's row.
"""

import logging
import shutil
import sqlite3

from berth.base.errors import Conflict, NotFound
from berth.engine.container import table
from berth.engine.container.cell import Cell
from berth.engine.container.change import event
from berth.engine.container.files import container_dir, run_dir
from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine
from berth.volume.record import orphan

_log = logging.getLogger(__name__)


async def forget(engine: Engine, cell: Cell, *, volumes: bool = False) -> None:
    """Delete the row, free the name, answer those who wait for the removal.

    With ``volumes`` the anonymous volumes are bound to go too; ``discard`` removes them.
    """
    happened = event(cell.record, "destroy")
    orphans = [point.name for point in cell.record.mounts if point.anonymous] if volumes else []

    def apply(connection: sqlite3.Connection) -> None:
        table.delete(connection, cell.id)
        if orphans:
            orphan(connection, orphans)
        engine.events.append(connection, happened)

    await engine.database.write(apply)
    engine.containers.remove(cell)
    engine.execs.drop_container(cell.id)
    cell.console.end()
    cell.announce_removal()


async def discard(engine: Engine, record: ContainerRecord, *, volumes: bool) -> None:
    """Remove the writable layer, logs, directories, and with ``volumes`` the anonymous volumes."""
    await engine.images.discard(record.id)
    shutil.rmtree(container_dir(engine, record.id), ignore_errors=True)
    shutil.rmtree(run_dir(engine, record.id), ignore_errors=True)
    if volumes:
        for point in record.mounts:
            if point.anonymous:
                await _drop_volume(engine, point.name)


async def drop_orphans(engine: Engine) -> None:
    """Remove the volumes that a crash kept from going with their container."""
    for name in engine.volumes.orphaned():
        await _drop_volume(engine, name)


async def _drop_volume(engine: Engine, name: str) -> None:
    """Remove an anonymous volume, unless another container has it as well."""
    try:
        volume = engine.volumes.get(name)
        if _in_use(engine, name):
            await engine.volumes.spare(name)
            return
        await engine.volumes.remove(name)
    except (NotFound, Conflict):
        await engine.volumes.spare(name)
        return
    await engine.events.record("volume", "destroy", name, {"driver": volume.driver})


def _in_use(engine: Engine, volume: str) -> bool:
    return any(point.name == volume for cell in engine.containers for point in cell.record.mounts)
