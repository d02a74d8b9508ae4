"""Who needs an image: its names, its children, its containers."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.engine.container.cell import Cell
from berth.engine.engine import Engine
from berth.image.model import Image


class Names(NamedTuple):
    """An image's references: those with a tag, and those by digest."""

    tags: tuple[ImageRef, ...]
    digests: tuple[ImageRef, ...]

    def __bool__(self) -> bool:
        return bool(self.tags or self.digests)


def names_of(engine: Engine, image_id: Digest) -> Names:
    """Every reference to an image."""
    return Names(tuple(engine.images.names(image_id)), tuple(engine.images.digests(image_id)))


def shown(engine: Engine, images: Iterable[Image]) -> list[Image]:
    """Those that are not hidden: what a person has made or brought, not the steps of builds."""
    return [image for image in images if not engine.images.is_hidden(image.id)]


def parents_of(engine: Engine, images: Iterable[Image]) -> frozenset[Digest]:
    """The ids of the images that others were made from. The steps of builds need no parent."""
    return frozenset(image.parent for image in shown(engine, images) if image.parent)


def has_children(engine: Engine, image: Image) -> bool:
    """Whether an image that is not hidden was made from this one."""
    return bool(shown(engine, engine.images.children(image.id)))


def container_counts(engine: Engine) -> dict[str, int]:
    """How many containers there are of each image."""
    counts: dict[str, int] = {}
    for cell in engine.containers:
        counts[cell.record.image_id] = counts.get(cell.record.image_id, 0) + 1
    return counts


def first_container(engine: Engine, image_id: str, fits: Callable[[Cell], bool]) -> Cell | None:
    """Some container of the image for which ``fits`` holds."""
    return next((c for c in engine.containers if c.record.image_id == image_id and fits(c)), None)


async def announce(engine: Engine, action: str, image: Image, name: str) -> None:
    """Append an event of the image, with its labels and a name."""
    await engine.events.record(
        "image", action, image.id, {**(image.config.config.labels or {}), "name": name}
    )
