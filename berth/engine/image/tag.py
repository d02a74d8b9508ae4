"""``tag``: another name for an image."""

from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.engine.verbs import change

_DIGEST_NAME = "sha256"


@change
async def tag(engine: Engine, ref: str, target: ImageRef) -> None:
    """Let ``target`` mean the image ``ref``; it means nothing else any more."""
    if target.familiar_name == _DIGEST_NAME:
        raise InvalidArgument("refusing to create an ambiguous tag using digest algorithm as name")
    image = engine.images.resolve(ref)
    await engine.images.tag(image.id, target)
    await announce(engine, "tag", image, target.familiar)
