"""``import``: a tar of a root file system as an image of one layer."""

from collections.abc import AsyncIterable
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.engine.image.use import announce


class ImportRequest(NamedTuple):
    """``ref`` is None for an image without a name; ``changes`` are Dockerfile lines for the configuration;
    ``platform`` is ``os/architecture``, empty for this machine's."""

    ref: ImageRef | None
    changes: tuple[str, ...]
    message: str
    platform: str
    caller: Caller


async def import_(engine: Engine, stream: AsyncIterable[bytes], wanted: ImportRequest) -> Digest:
    """Make the image; InvalidArgument for a broken archive or a change that cannot be made."""
    image_id = await engine.images.import_tar(
        stream,
        wanted.ref,
        changes=wanted.changes,
        message=wanted.message,
        platform=wanted.platform,
        owner=wanted.caller,
    )
    image = engine.images.get(image_id)
    if wanted.ref is not None:
        await announce(engine, "tag", image, wanted.ref.familiar)
    await announce(engine, "import", image, image_id)
    return image_id
