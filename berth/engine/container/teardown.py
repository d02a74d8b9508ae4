"""Undoing a run: the network first, so that ports are free at once; then runtime state, mounts, files."""

import logging
import shutil

from berth.base.errors import BerthError
from berth.engine.container.cell import Cell
from berth.engine.container.change import volume_event
from berth.engine.container.files import run_dir, shm_dir
from berth.engine.container.record import ContainerRecord
from berth.engine.container.runtime import runtime_of
from berth.engine.engine import Engine
from berth.kernel.mount import umount_if_mounted

_log = logging.getLogger(__name__)


async def release_network(engine: Engine, cell: Cell) -> None:
    """Free the container's addresses and ports; a failure is logged, the rest must go on."""
    try:
        await engine.networks.detach(cell.id)
        engine.networks.remove_sandbox(cell.id)
    except (BerthError, OSError) as error:
        _log.error("container %s: releasing its network: %s", cell.id, error)


async def release_volumes(engine: Engine, record: ContainerRecord) -> None:
    """The run needs its volumes no longer: they can be removed from now on. A failure is logged."""
    for point in record.mounts:
        if point.kind != "volume":
            continue
        try:
            await engine.volumes.unmount(point.name, record.id)
        except (BerthError, OSError) as error:
            _log.error("container %s: releasing its volume %s: %s", record.id, point.name, error)
        volume_event(engine, record, point, "unmount")


async def teardown(engine: Engine, record: ContainerRecord, *, ended: bool = False) -> None:
    """Remove what one run left in the kernel and below the exec root. Safe to repeat.

    ``ended`` says that the monitor has reported the exit and the volumes were released: then only the
    runtime's own state is left of the process. Otherwise everything that could still be alive is looked for
    and killed.
    """
    for step in (_delete(engine, record, ended=ended), _unmount(engine, record, ended=ended)):
        try:
            await step
        except (BerthError, OSError) as error:
            _log.error("container %s: cleaning up after its run: %s", record.id, error)
    shutil.rmtree(run_dir(engine, record.id), ignore_errors=True)


async def _delete(engine: Engine, record: ContainerRecord, *, ended: bool) -> None:
    runtime = runtime_of(engine, record)
    if ended:
        await runtime.delete(record.id, force=True)
    else:
        await engine.monitor.discard(record.id, run_dir(engine, record.id), runtime)


async def _unmount(engine: Engine, record: ContainerRecord, *, ended: bool) -> None:
    if not ended:
        await release_volumes(engine, record)
    umount_if_mounted(shm_dir(engine, record.id), detach=True)
    engine.images.unmount(record.id)
