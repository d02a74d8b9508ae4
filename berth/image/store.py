"""The image room's front: everything that the engine asks of images."""

from collections.abc import AsyncIterable

from berth.base.caller import LOCAL_ROOT, Caller
from berth.image import tables
from berth.image.core import ImageCore
from berth.image.load import load
from berth.image.model import Loaded, Progress

SCHEMA = tables.SCHEMA
"""The room's tables, for ``Database.open``."""


class ImageStore(ImageCore):
    """``ImageCore`` and what streams in and out of it."""

    async def load(
        self, stream: AsyncIterable[bytes], progress: Progress | None = None, owner: Caller = LOCAL_ROOT
    ) -> list[Loaded]:
        """Store every image of an archive (docker save or OCI layout, compressed or not), all or none."""
        return await load(self, stream, progress, owner)
