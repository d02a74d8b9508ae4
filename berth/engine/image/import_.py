"""``import``: a tar of a root file system as an image of one layer."""

from collections.abc import AsyncIterable
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.image.import_ import ImportOptions


class ImportRequest(NamedTuple):
    """``ref`` is None for an image without a name."""

    ref: ImageRef | None
    options: ImportOptions
    caller: Caller


async def import_(engine: Engine, stream: AsyncIterable[bytes], wanted: ImportRequest) -> Digest:
    """Make the image; InvalidArgument for a broken archive or a change that cannot be made."""
    image_id = await engine.images.import_tar(stream, wanted.ref, wanted.options, owner=wanted.caller)
    image = engine.images.get(image_id)
    if wanted.ref is not None:
        await announce(engine, "tag", image, wanted.ref.familiar)
    await announce(engine, "import", image, image_id)
    return image_id
