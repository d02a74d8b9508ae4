"""``save``: images as one archive."""

from collections.abc import AsyncIterator, Sequence

from berth.engine.engine import Engine
from berth.engine.image.use import announce


async def save(engine: Engine, refs: Sequence[str]) -> AsyncIterator[bytes]:
    """Chunks of the archive. NotFound, before the first of them, when one of the images is not there."""
    images = [engine.images.resolve(ref) for ref in refs]
    async for chunk in engine.images.save(refs):
        yield chunk
    for image in images:
        await announce(engine, "save", image, image.id)
