"""``import``: a tar of a root file system as an image of one layer."""

from collections.abc import AsyncIterable
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.engine.image.use import announce


class ImportOptions(NamedTuple):
    """``changes`` are Dockerfile lines for the configuration; ``ref`` is None for no name; ``platform`` is
    ``os/architecture`` or empty for this machine's."""

    ref: ImageRef | None
    changes: tuple[str, ...]
    message: str
    platform: str
    caller: Caller


async def import_(engine: Engine, stream: AsyncIterable[bytes], options: ImportOptions) -> Digest:
    """Make the image; InvalidArgument for a broken archive or a change that cannot be made."""
    image_id = await engine.images.import_tar(
        stream,
        options.ref,
        changes=options.changes,
        message=options.message,
        platform=options.platform,
        owner=options.caller,
    )
    image = engine.images.get(image_id)
    if options.ref is not None:
        await announce(engine, "tag", image, options.ref.familiar)
    await announce(engine, "import", image, image_id)
    return image_id
