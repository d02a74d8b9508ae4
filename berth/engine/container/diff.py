"""``diff``: what a container's file system has that its image has not."""

from collections.abc import Sequence

from berth.engine.engine import Engine
from berth.image.changes import Change


async def changes(engine: Engine, ref: str) -> Sequence[Change]:
    """Added, changed and deleted paths, sorted by path."""
    cell = engine.containers.resolve(ref)
    return await engine.images.changes(cell.id)
