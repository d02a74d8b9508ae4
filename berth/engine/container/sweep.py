"""The removal of a container in two halves: first it is gone for everyone, then its files are.

A crash between the halves leaves files that no row names; ``berth.engine.restore`` discards those.
"""

import logging
import shutil
import sqlite3

from berth.base.errors import NotFound
from berth.engine.container import table
from berth.engine.container.cell import Cell
from berth.engine.container.change import event
from berth.engine.container.files import container_dir, run_dir
from berth.engine.container.record import ContainerRecord
from berth.engine.engine import Engine

_log = logging.getLogger(__name__)


async def forget(engine: Engine, cell: Cell) -> None:
    """Delete the row, free the name, answer those who wait for the removal."""
    happened = event(cell.record, "destroy")

    def apply(connection: sqlite3.Connection) -> None:
        table.delete(connection, cell.id)
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
        await _drop_anonymous(engine, record)


async def _drop_anonymous(engine: Engine, record: ContainerRecord) -> None:
    for point in record.mounts:
        if not point.anonymous or _in_use(engine, point.name):
            continue
        try:
            await engine.volumes.remove(point.name, force=True)
        except NotFound:
            continue
        await engine.events.record("volume", "destroy", point.name, {"driver": point.driver})


def _in_use(engine: Engine, volume: str) -> bool:
    return any(point.name == volume for cell in engine.containers for point in cell.record.mounts)
