"""The files of an image as one tar, for outputs of type local and tar."""

from collections.abc import AsyncIterator

from berth.build.outputs import files_archive
from berth.engine.engine import Engine


async def image_files(engine: Engine, ref: str, latest: int | None = None) -> AsyncIterator[bytes]:
    """Pieces of the tar; NotFound, before the first of them, when there is no such image.

    No time in it is later than ``latest`` (seconds since the epoch).
    """
    return files_archive(engine.images, engine.images.resolve(ref).id, latest)
