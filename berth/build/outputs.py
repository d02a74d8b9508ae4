"""What a build gives besides an image: its files, or the image as an archive."""

from collections.abc import AsyncIterator

from berth.base.digest import Digest
from berth.image.outflow import stream
from berth.image.pack import pack
from berth.image.store import ImageStore


async def files_archive(
    images: ImageStore, image_id: Digest, latest: int | None = None
) -> AsyncIterator[bytes]:
    """The merged root file system as a tar, for ``--output type=tar`` and ``type=local``.

    No time in it is later than ``latest`` (seconds since the epoch).
    """
    async with images.view(image_id) as directory:
        async for chunk in stream(pack(directory, clamp=latest)):
            yield chunk
