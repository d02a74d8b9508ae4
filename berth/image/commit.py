"""``commit``: an image of what a container wrote, on top of the image that it was made of.

A chain of commits never becomes too deep. When the image would get more than ``DEPTH_LIMIT`` layers, the new
layer takes in the layers that earlier commits made: their files are packed once more, together.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence

import msgspec

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest
from berth.base.errors import Conflict
from berth.base.reference import ImageRef
from berth.image.config import HistoryItem, ImageConfig, ImageSettings, RootFs, encode_config, format_time
from berth.image.core import ImageCore, NewImage
from berth.image.index import ImageIndex
from berth.image.layers import StagedLayer, Staging
from berth.image.model import Image
from berth.image.outflow import gather
from berth.image.pack import pack_layer
from berth.image.plan import host_architecture
from berth.image.tar.writer import END

DEPTH_LIMIT = 100
"""Layers of an image made here. Docker refuses images of more than 125."""


class CommitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the new image says of itself; ``created_by`` is the command of the container."""

    settings: ImageSettings
    author: str = ""
    message: str = ""
    created_by: str = ""


async def commit(
    store: ImageCore,
    key: str,
    image_id: Digest,
    ref: ImageRef | None,
    options: CommitOptions,
    owner: Caller = LOCAL_ROOT,
) -> Digest:
    """Make an image of snapshot ``key``, which was prepared from ``image_id``.

    An image that was removed meanwhile is no obstacle: its layers are still there. Without any change the new
    image has no new layer.
    """
    async with store.lease():
        layers = store.snapshots.layers_of(key)
        base = store.find(image_id)
        merged = _merged_count(store.index, base, len(layers))
        kept, taken = layers[: len(layers) - merged], layers[len(layers) - merged :]
        trees = [store.upper(key), *store.layers.lowers(taken)]
        below = store.layers.lowers(kept)
        infos = [store.layers.find(diff_id) for diff_id in taken]
        opaque = any(info is not None and info.opaque_root for info in infos)
        staging = store.open_staging()
        try:
            staged = await asyncio.to_thread(_write, staging, pack_layer(trees, below, opaque=opaque))
            if key not in store.snapshot_keys():
                raise Conflict("the container was removed while its files were read")
            empty = staged.info.tar_size == len(END) and not taken
            diff_ids = kept if empty else (*kept, staged.info.diff_id)
            config = _config(base, layers, diff_ids, merged, options)
            names = (ref.with_default_tag(),) if ref is not None else ()
            new = NewImage(encode_config(config), names, base.id if base else None)
            published = await store.publish([new], [] if empty else [staged], owner)
        finally:
            await asyncio.shield(asyncio.to_thread(staging.close))
    return published[0].image.id


def _write(staging: Staging, pieces: Iterator[bytes]) -> StagedLayer:
    return staging.write(lambda: gather(pieces))


def _merged_count(index: ImageIndex, base: Image | None, depth: int) -> int:
    """How many of the topmost layers the new one takes in."""
    if depth < DEPTH_LIMIT:
        return 0
    return max(_own_layers(index, base), depth + 1 - DEPTH_LIMIT)


def _own_layers(index: ImageIndex, image: Image | None) -> int:
    """How many of the topmost layers commits made here, as far as the images in between still tell."""
    count = 0
    while image is not None and image.parent is not None:
        parent = index.find(image.parent)
        if parent is None:
            break
        if len(image.layers) <= len(parent.layers) and image.layers != parent.layers:
            return count + 1  # this one has taken in others
        count += len(image.layers) - len(parent.layers)
        image = parent
    return count


def _config(
    base: Image | None,
    layers: tuple[Digest, ...],
    diff_ids: tuple[Digest, ...],
    merged: int,
    options: CommitOptions,
) -> ImageConfig:
    before = base.config if base else ImageConfig(os="linux", architecture=host_architecture())
    created = format_time(time.time_ns())
    item = HistoryItem(
        created=created,
        created_by=options.created_by,
        author=options.author,
        comment=options.message,
        empty_layer=diff_ids == layers,
    )
    return msgspec.structs.replace(
        before,
        created=created,
        author=options.author,
        comment="",
        docker_version="",
        config=options.settings,
        rootfs=RootFs(diff_ids=diff_ids),
        history=(*_emptied(before.history or (), merged), item),
    )


def _emptied(history: Sequence[HistoryItem], count: int) -> list[HistoryItem]:
    """The last ``count`` steps that made a layer made none that is still there."""
    items = list(history)
    for position in reversed(range(len(items))):
        if not count:
            break
        if not items[position].empty_layer:
            items[position] = msgspec.structs.replace(items[position], empty_layer=True)
            count -= 1
    return items
