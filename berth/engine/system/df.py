"""``system df``: who needs how much disk."""

from typing import NamedTuple

from berth.base.errors import NotFound
from berth.build.cache_policy import CacheEntry
from berth.engine.build.prune import cache_entries
from berth.engine.container.list import Row, list_containers
from berth.engine.engine import Engine
from berth.engine.image.list import ImageRow, list_images
from berth.engine.volume.inspect import FoundVolume
from berth.engine.volume.list import list_volumes
from berth.engine.volume.use import users

KINDS = frozenset(("container", "image", "volume", "build-cache"))


class DiskUsage(NamedTuple):
    """What was asked for; None for the rest. ``layers`` is the bytes of all layers, shared ones once."""

    containers: list[Row] | None
    images: list[ImageRow] | None
    volumes: list[FoundVolume] | None
    layers: int
    cache: list[CacheEntry] | None = None


async def df(engine: Engine, kinds: frozenset[str] = KINDS) -> DiskUsage:
    """Measure the objects of ``kinds``. Volumes are walked, which takes as long as they are full."""
    containers = await list_containers(engine, all=True, size=True) if "container" in kinds else None
    images = await list_images(engine, shared_size=True) if "image" in kinds else None
    volumes = await _volumes(engine) if "volume" in kinds else None
    layers = engine.images.layers_size(shown=True) if images is not None else 0
    cache = await cache_entries(engine) if "build-cache" in kinds else None
    return DiskUsage(containers, images, volumes, layers, cache)


async def _volumes(engine: Engine) -> list[FoundVolume]:
    used = users(engine)
    measured: list[FoundVolume] = []
    for found in await list_volumes(engine):
        name = found.volume.name
        try:
            size = await engine.volumes.usage(name)
        except NotFound:
            continue  # it was removed meanwhile
        measured.append(found._replace(size=size, users=len(used.get(name, ()))))
    return measured
