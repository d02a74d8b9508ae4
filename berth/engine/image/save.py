"""``save``: images as one archive."""

from collections.abc import AsyncIterator, Sequence

from berth.base.errors import NotFound
from berth.engine.engine import Engine
from berth.engine.image.use import announce
from berth.image.manifest import Platform
from berth.image.model import Image
from berth.image.save import ArchiveForm
from berth.image.selection import format_platform, matches


async def save(
    engine: Engine,
    refs: Sequence[str],
    *,
    platforms: Sequence[Platform] = (),
    form: ArchiveForm = "mixed",
) -> AsyncIterator[bytes]:
    """Chunks of the archive. NotFound, before the first of them, when one of the images is not there, or is
    for none of ``platforms``."""
    images = [engine.images.resolve(ref) for ref in refs]
    for ref, image in zip(refs, images, strict=True):
        _check(ref, image, platforms)
    async for chunk in engine.images.save(refs, form):
        yield chunk
    for image in images:
        await announce(engine, "save", image, image.id)


def _check(ref: str, image: Image, platforms: Sequence[Platform]) -> None:
    config = image.config
    actual = Platform(os=config.os, architecture=config.architecture, variant=config.variant)
    if platforms and not any(matches(wanted, actual) for wanted in platforms):
        wanted = ", ".join(format_platform(platform) for platform in platforms)
        raise NotFound(
            f"image with reference {ref} was found but does not provide the specified platform ({wanted})"
        )
