"""The files of an image as one tar, for outputs of type local and tar."""

from collections.abc import AsyncIterator

from berth.engine.build.views import viewed_path
from berth.engine.engine import Engine
from berth.image.model import Image
from berth.image.outflow import stream
from berth.image.pack import pack


async def image_files(engine: Engine, ref: str) -> AsyncIterator[bytes]:
    """Pieces of the tar; NotFound, before the first of them, when there is no such image."""
    return _packed(engine, engine.images.resolve(ref))


async def _packed(engine: Engine, image: Image) -> AsyncIterator[bytes]:
    async with engine.images.lease(), viewed_path(engine, image) as root:
        async for piece in stream(pack(root)):
            yield piece
