"""``export``: a container's whole file system as a tar stream, without volumes."""

from collections.abc import AsyncIterator

from berth.engine.container.change import announce
from berth.engine.engine import Engine


async def export(engine: Engine, ref: str) -> AsyncIterator[bytes]:
    """Chunks of the archive. The root is mounted for the time if the container does not run."""
    cell = engine.containers.resolve(ref)
    announce(engine, cell, "export")
    async with engine.images.mounted(cell.id) as rootfs:
        async for chunk in engine.images.archive(rootfs):
            yield chunk
