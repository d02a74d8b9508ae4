"""``image inspect``: everything about one image."""

from typing import NamedTuple

from berth.engine.engine import Engine
from berth.engine.image.use import Names, names_of
from berth.image.model import Image


class InspectedImage(NamedTuple):
    """An image and its names."""

    image: Image
    names: Names


async def inspect(engine: Engine, ref: str) -> InspectedImage:
    """The image; NotFound when there is none."""
    image = engine.images.resolve(ref)
    return InspectedImage(image, names_of(engine, image.id))
