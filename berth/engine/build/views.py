"""Images as trees of files that COPY reads from and writes onto."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from berth.base.ids import new_id
from berth.build.listing import Listing
from berth.build.tree import DirectoryTree, FileTree
from berth.engine.engine import Engine
from berth.image.model import Image
from berth.kernel.mount import umount_if_mounted
from berth.kernel.overlay import mount_overlay


@contextlib.asynccontextmanager
async def viewed(engine: Engine, image: Image | None) -> AsyncIterator[FileTree]:
    """The files of an image while the block runs; none for an image that is not there yet (scratch)."""
    if image is None or not image.layers:
        yield Listing((), Path())
        return
    async with viewed_path(engine, image) as path:
        with DirectoryTree(path) as tree:
            yield tree


@contextlib.asynccontextmanager
async def viewed_path(engine: Engine, image: Image) -> AsyncIterator[Path]:
    """The directory where the files of an image can be read while the block runs."""
    lowers = engine.images.layers.lowers(image.layers)
    if len(lowers) == 1:
        yield lowers[0]
        return
    target = engine.images.rootfs(new_id())  # what a crash leaves there is unmounted at the next start
    await asyncio.to_thread(_mount, target, lowers)
    try:
        yield target
    finally:
        umount_if_mounted(target, detach=True)
        target.rmdir()


def _mount(target: Path, lowers: Sequence[Path]) -> None:
    target.mkdir(mode=0o700)
    if not lowers:
        return
    try:
        mount_overlay(target, lowers, options=("index=off", "metacopy=off", "redirect_dir=nofollow"))
    except BaseException:
        target.rmdir()
        raise
