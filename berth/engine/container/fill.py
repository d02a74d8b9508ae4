"""Filling new volumes with what the image has at their place (Docker's copy-up)."""

import os
from pathlib import Path

from berth.engine.container.record import ContainerRecord, MountPoint
from berth.engine.engine import Engine
from berth.kernel.paths import open_in_root


async def fill_volumes(engine: Engine, record: ContainerRecord) -> None:
    """Copy the image's content into every empty volume that wants it. The container must not run yet."""
    wanted = [point for point in record.mounts if point.kind == "volume" and point.copy_up]
    if not wanted:
        return
    async with engine.images.mounted(record.id) as rootfs:
        for point in wanted:
            await _fill(engine, record, point, rootfs)


async def _fill(engine: Engine, record: ContainerRecord, point: MountPoint, rootfs: Path) -> None:
    source = _directory_in(rootfs, point.destination)
    if source is None:
        return
    try:
        await engine.volumes.mount(point.name, record.id)
        try:
            await engine.volumes.populate(point.name, source)
        finally:
            await engine.volumes.unmount(point.name, record.id)
    finally:
        os.close(source)


def _directory_in(rootfs: Path, path: str) -> int | None:
    """A descriptor of a directory of the image; links are followed inside the image only."""
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_in_root(root, path.lstrip("/"), os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    finally:
        os.close(root)
