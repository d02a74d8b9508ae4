"""``image prune``: remove the images that nothing needs."""

from typing import NamedTuple

from berth.base.errors import BerthError
from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.image.rm import Removed, remove
from berth.engine.image.use import names_of, parents_of
from berth.engine.pruning import labels_pass, until_ns
from berth.engine.verbs import change
from berth.image.model import Image

FILTERS = frozenset(("dangling", "label", "label!", "until"))


class PrunedImages(NamedTuple):
    """What went, in order, and the bytes of layers that are free now."""

    removed: tuple[Removed, ...]
    reclaimed: int


@change
async def prune(engine: Engine, filters: Filters) -> PrunedImages:
    """Remove unnamed images; with the filter ``dangling=false`` all that no container is made of."""
    dangling_only = filters.boolean("dangling") is not False
    before = until_ns(filters)
    size_before = engine.images.layers_size()
    removed: list[Removed] = []
    for image in _candidates(engine, filters, before):
        names = names_of(engine, image.id)
        if names.tags and dangling_only:
            continue
        for ref in [str(name) for name in (*names.tags, *names.digests)] or [image.id]:
            try:
                removed += await remove(engine, ref)
            except BerthError:
                continue  # a container needs it, or somebody was quicker
    reclaimed = max(0, size_before - engine.images.layers_size())
    await engine.events.record("image", "prune", "", {"reclaimed": str(reclaimed)})
    return PrunedImages(tuple(removed), reclaimed)


def _candidates(engine: Engine, filters: Filters, before: int | None) -> list[Image]:
    images = engine.images.list()
    parents = parents_of(images)
    return [
        image
        for image in images
        if (names_of(engine, image.id) or image.id not in parents)
        and (before is None or image.created_ns <= before)
        and labels_pass(filters, image.config.config.labels or {})
    ]
