"""The end of a build: one layer instead of many where that was asked for, and names for the result."""

import asyncio
import time
from typing import NamedTuple

import msgspec

from berth.base.errors import InvalidArgument
from berth.base.tasks import Stop, in_thread
from berth.build.request import BuildRequest
from berth.engine.build.copy import write_pieces
from berth.engine.build.session import BuildSession
from berth.engine.build.stage import Stage
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.image.config import HistoryItem, RootFs, format_time
from berth.image.derive import Derivation
from berth.image.model import Image
from berth.image.pack import pack_layer


class Finished(NamedTuple):
    """The final image; ``new`` unless it was there before, under all of its names."""

    image: Image
    new: bool


async def finish(engine: Engine, session: BuildSession, target: Stage, epoch: int | None) -> Finished:
    """The final image under its names. InvalidArgument when there is none: a stage of nothing but scratch."""
    image = target.image
    if image is None:
        raise InvalidArgument("No image was generated. Is your Dockerfile empty?")
    request = session.request
    if request.squash:
        image = await _squash(engine, session, target, image, epoch)
    if engine.images.is_step(image.id):
        # Whoever asked for it by building it sees it, also without a name.
        parent = engine.images.find(image.parent) if image.parent else None
        await engine.images.derive(parent, [Derivation(image.config, request.tags, hidden=False)])
        return Finished(image, new=True)
    missing = [ref for ref in request.tags if ref not in engine.images.names(image.id)]
    for ref in missing:
        await engine.images.tag(image.id, ref)
    return Finished(image, new=bool(missing))


async def announce_names(engine: Engine, request: BuildRequest, image: Image) -> None:
    """An event for each name that the image was given, also for those that it had: clients count on it."""
    await asyncio.gather(*(announce(engine, "tag", image, ref.familiar) for ref in request.tags))


async def _squash(
    engine: Engine, session: BuildSession, target: Stage, image: Image, epoch: int | None
) -> Image:
    """The same files in one layer on those of the base; the steps stay in the history."""
    kept = target.base.diff_ids
    own = image.layers[len(kept) :]
    if len(own) < 2:
        return image
    store = engine.images
    pieces = pack_layer(store.layers.lowers(own), store.layers.lowers(kept), clamp=epoch)
    staging = store.open_staging()
    try:
        stop = Stop()
        staged = await in_thread(stop, write_pieces, staging, pieces, stop)
        created = format_time(time.time_ns() if epoch is None else epoch * 10**9)
        before = len(target.base.history or ())
        history = list(image.config.history or ())
        steps = [msgspec.structs.replace(item, empty_layer=True) for item in history[before:]]
        note = HistoryItem(created=created, comment=f"merge {image.id}")
        config = msgspec.structs.replace(
            image.config,
            created=created,
            rootfs=RootFs(diff_ids=(*kept, staged.info.diff_id)),
            history=(*history[:before], *steps, note),
        )
        (squashed,) = await store.derive(
            None, [Derivation(config, hidden=False)], staged=staged, owner=session.given.caller
        )
    finally:
        await asyncio.shield(asyncio.to_thread(staging.close))
    return squashed
