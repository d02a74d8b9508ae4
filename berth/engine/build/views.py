"""Images as trees of files that COPY reads from and writes onto."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from berth.build.listing import Listing
from berth.build.tree import DirectoryTree, FileTree
from berth.engine.engine import Engine
from berth.image.model import Image


@contextlib.asynccontextmanager
async def viewed(engine: Engine, image: Image | None) -> AsyncIterator[FileTree]:
    """The files of an image while the block runs; none for an image that is not there yet (scratch)."""
    if image is None or not image.layers:
        yield Listing((), Path())
        return
    async with engine.images.view(image.id) as directory:
        with DirectoryTree(directory) as tree:
            yield tree
