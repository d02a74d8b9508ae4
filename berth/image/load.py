"""``load``: from an archive's stream to images, all of them or none."""

import asyncio
from collections.abc import AsyncIterable

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.image.archive import ArchiveReader
from berth.image.core import ImageCore, NewImage
from berth.image.feed import run_fed
from berth.image.model import Loaded, Progress, Silent
from berth.image.plan import PlannedImage, plan


async def load(
    store: ImageCore,
    stream: AsyncIterable[bytes],
    progress: Progress | None = None,
    owner: Caller = LOCAL_ROOT,
) -> list[Loaded]:
    """Store every image of the archive. One line per name, or one without a name.

    InvalidArgument in one line says what is wrong with an archive; then nothing of it stays.
    """
    async with store.lease():
        staging = store.open_staging()
        try:
            reader = ArchiveReader(staging, store.layers.find, progress or Silent())
            archive = await run_fed(stream, reader.read)
            planned = plan(archive)
            staged = [layer.staged for image in planned for layer in image.layers if layer.staged]
            images = [NewImage(image.config, image.names, image.parent) for image in planned]
            published = await store.publish(images, staged, owner)
        finally:
            await asyncio.shield(asyncio.to_thread(staging.close))
    lines = []
    for image, done in zip(planned, published, strict=True):
        lines += _lines(image, done.image.id, done.displaced)
    return lines


def _lines(image: PlannedImage, image_id: Digest, displaced: dict[ImageRef, Digest]) -> list[Loaded]:
    if not image.names:
        return [Loaded(None, image_id)]
    return [Loaded(ref, image_id, displaced.get(ref)) for ref in image.names]
