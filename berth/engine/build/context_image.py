"""Files of a context as an image, for RUN --mount=type=bind and for stages made from a named context.

A mount needs a file system, and contexts are stored by content. So what a mount shows is packed once into a
hidden image, found again by its content as long as the cache keeps it.
"""

import asyncio

from msgspec.structs import replace

from berth.base.digest import Digest
from berth.base.tasks import Stop, in_thread
from berth.build import keys
from berth.build.cache import Keys, NewResult
from berth.build.copy import CopySource, CopySpec
from berth.build.listing import Listing
from berth.build.outline import Origin
from berth.build.plan_result import scratch_config
from berth.build.select import Selection
from berth.engine.build.copy import write_copy
from berth.engine.build.views import viewed
from berth.engine.build.work import Work
from berth.image.config import RootFs
from berth.image.derive import Derivation
from berth.image.model import Image


async def image_of(work: Work, origin: Origin, source: str) -> Image:
    """An image that shows ``source`` of ``origin`` at its place."""
    listing = work.listing(origin)
    if listing is not None:
        return await _packed(work, listing, source)
    image = await work.image(origin)
    if image is None:
        return await _published(work, None, keys.derive("mount", "scratch"))
    return image


async def _packed(work: Work, listing: Listing, source: str) -> Image:
    whole = source.strip("/") in ("", ".")
    selection = Selection((".",) if whole else (source,), parents=not whole, word="RUN")
    key = keys.derive("mount", listing.digest(selection), source)
    found = work.session.hold.find(key)
    if found is not None:
        return found.image
    return await _published(work, (listing, selection), key)


async def _published(work: Work, content: tuple[Listing, Selection] | None, key: Digest) -> Image:
    engine = work.engine
    staging = engine.images.open_staging()
    try:
        layer = None
        if content is not None:
            spec = CopySpec("/", (CopySource(*content),))
            async with viewed(engine, None) as nothing:
                stop = Stop()
                layer, _ = await in_thread(stop, write_copy, staging, spec, nothing, stop)
        diff_ids = (layer.info.diff_id,) if layer is not None else ()
        config = replace(scratch_config(), rootfs=RootFs(diff_ids=diff_ids))
        new = NewResult(
            (key,), Keys(key, key), "mount", diff_ids[0] if diff_ids else "", layer.info.size if layer else 0
        )
        (image,) = await engine.images.derive(
            None,
            [Derivation(config)],
            staged=layer,
            owner=work.session.given.caller,
            also=lambda connection, ids: engine.builds.cache.rows(connection, [(ids[0], new)]),
        )
    finally:
        await asyncio.shield(asyncio.to_thread(staging.close))
    work.session.hold.keep(image.id)
    return image
