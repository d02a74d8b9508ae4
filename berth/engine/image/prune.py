"""``image prune``: remove the images that nothing needs."""

from typing import NamedTuple

from berth.base.errors import BerthError
from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.image.rm import Removed, remove
from berth.engine.image.use import container_counts, has_children, names_of, parents_of
from berth.engine.pruning import labels_pass, until_ns
from berth.engine.verbs import change
from berth.image.model import Image

FILTERS = frozenset(("dangling", "label", "label!", "until"))


class PrunedImages(NamedTuple):
    """What went, in order, and the bytes of layers that are free now."""

    removed: tuple[Removed, ...]
    reclaimed: int


@change
async def prune(engine: Engine, filters: Filters, *, dry: bool = False) -> PrunedImages:
    """Remove unnamed images; with the filter ``dangling=false`` all that no container is made of.

    With ``dry`` nothing is removed: the report says what would be, apart from parents that go along.
    """
    chosen = _candidates(engine, filters)
    if dry:
        return _foreseen(engine, chosen)
    size_before = engine.images.layers_size()
    removed: list[Removed] = []
    unnamed_only = filters.boolean("dangling") is not False
    for image in chosen:
        names = names_of(engine, image.id)
        for ref in [str(name) for name in (*names.tags, *names.digests)] or [image.id]:
            try:
                removed += await remove(engine, ref, unnamed=unnamed_only)
            except BerthError:
                continue  # a container needs it, or somebody was quicker to remove or to name it
    reclaimed = max(0, size_before - engine.images.layers_size())
    await engine.events.record("image", "prune", "", {"reclaimed": str(reclaimed)})
    return PrunedImages(tuple(removed), reclaimed)


def _candidates(engine: Engine, filters: Filters) -> list[Image]:
    dangling_only = filters.boolean("dangling") is not False
    before = until_ns(filters)
    images = engine.images.list()
    parents = parents_of(engine, images)
    return [
        image
        for image in images
        if not (dangling_only and names_of(engine, image.id).tags)
        and (names_of(engine, image.id) or image.id not in parents)
        and not engine.images.is_hidden(image.id)
        and (before is None or image.created_ns <= before)
        and labels_pass(filters, image.config.config.labels or {})
    ]


def _foreseen(engine: Engine, chosen: list[Image]) -> PrunedImages:
    used = container_counts(engine)
    going = [image for image in chosen if image.id not in used and not has_children(engine, image)]
    ids = {image.id for image in going}
    steps = {image.id for image in going if engine.images.is_step(image.id)}  # these are only hidden
    staying = (image for image in engine.images.list() if image.id not in ids or image.id in steps)
    kept = {layer for image in staying for layer in image.layers}
    lonely = {layer for image in going for layer in image.layers} - kept
    found = [engine.images.layers.find(layer) for layer in lonely]
    removed: list[Removed] = []
    for image in going:
        names = names_of(engine, image.id)
        removed += [Removed(untagged=name.familiar) for name in (*names.tags, *names.digests)]
        removed.append(Removed(deleted=image.id))
    return PrunedImages(tuple(removed), sum(info.size for info in found if info is not None))
