"""``images``: the images, newest first, filtered as Docker does."""

from typing import NamedTuple

from berth.base.filters import Filters
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.engine.image.patterns import matches
from berth.engine.image.use import Names, container_counts, names_of, parents_of
from berth.engine.pruning import parse_moment
from berth.image.model import Image

FILTERS = frozenset(("before", "dangling", "label", "reference", "since", "until"))


class ImageRow(NamedTuple):
    """An image as a list shows it. ``shared_size`` is the bytes of its layers that other images have too,
    None when they were not counted."""

    image: Image
    tags: tuple[ImageRef, ...]
    digests: tuple[ImageRef, ...]
    containers: int
    shared_size: int | None


class _Span(NamedTuple):
    """Creation times between which an image must lie, both ends left out."""

    after: int | None
    before: int | None

    def holds(self, created: int) -> bool:
        return (self.after is None or created > self.after) and (self.before is None or created < self.before)


async def list_images(
    engine: Engine, *, all: bool = False, filters: Filters | None = None, shared_size: bool = False
) -> list[ImageRow]:
    """Images with a name and unnamed ones without children; with ``all`` the unnamed parents too, and the
    steps of builds. A step that was never shown is not dangling."""
    given = filters or Filters()
    dangling = given.boolean("dangling")
    span = _span(engine, given)
    images = engine.images.list()
    parents = parents_of(engine, images)
    counts = container_counts(engine)
    shared = engine.images.shared_sizes() if shared_size else {}
    rows: list[ImageRow] = []
    for image in images:
        if not span.holds(image.created_ns) or not given.labels(image.config.config.labels or {}):
            continue
        names = _chosen(names_of(engine, image.id), given.get("reference"))
        if not names:
            inner = image.id in parents or engine.images.is_hidden(image.id)
            if (inner and (dangling or not all)) or dangling is False or "reference" in given:
                continue
        elif dangling and names.tags:
            continue
        rows.append(ImageRow(image, *names, counts.get(image.id, 0), shared.get(image.id)))
    return rows


def _span(engine: Engine, given: Filters) -> _Span:
    befores = [engine.images.resolve(ref).created_ns for ref in given.get("before")]
    befores += [parse_moment(text) for text in given.get("until")]
    afters = [engine.images.resolve(ref).created_ns for ref in given.get("since")]
    return _Span(max(afters, default=None), min(befores, default=None))


def _chosen(names: Names, patterns: tuple[str, ...]) -> Names:
    if not patterns:
        return names

    def fit(refs: tuple[ImageRef, ...]) -> tuple[ImageRef, ...]:
        return tuple(ref for ref in refs if any(matches(pattern, ref) for pattern in patterns))

    return Names(fit(names.tags), fit(names.digests))
