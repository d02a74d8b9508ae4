"""``load``: images from an archive of ``save``."""

from collections.abc import AsyncIterable

from berth.base.caller import Caller
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.image.model import Loaded, Progress


async def load(
    engine: Engine, stream: AsyncIterable[bytes], progress: Progress, caller: Caller
) -> list[Loaded]:
    """Store every image of the archive, all of them or none. InvalidArgument says what is wrong with it."""
    loaded = await engine.images.load(stream, progress, caller)
    for image_id in dict.fromkeys(line.id for line in loaded):
        await announce(engine, "load", engine.images.get(image_id), image_id)
    return loaded
