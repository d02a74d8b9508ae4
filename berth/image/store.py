"""The image room's front: everything that the engine asks of images."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest
from berth.base.reference import ImageRef
from berth.image import tables
from berth.image.bootstrap import BootstrapOptions, bootstrap
from berth.image.commit import CommitOptions, commit
from berth.image.core import ImageCore
from berth.image.derive import Also, Derivation, derive
from berth.image.import_ import ImportOptions, import_tar
from berth.image.layers import StagedLayer
from berth.image.load import load
from berth.image.model import Image, Loaded, Progress
from berth.image.outflow import stream
from berth.image.pack import pack
from berth.image.save import ArchiveForm, save

SCHEMA = tables.SCHEMA
"""The room's tables, for ``Database.open``."""


class ImageStore(ImageCore):
    """``ImageCore`` and what streams in and out of it."""

    async def load(
        self, chunks: AsyncIterable[bytes], progress: Progress | None = None, owner: Caller = LOCAL_ROOT
    ) -> list[Loaded]:
        """Store every image of an archive (docker save or OCI layout, compressed or not), all or none."""
        return await load(self, chunks, progress, owner)

    def save(self, refs: Sequence[str], form: ArchiveForm = "mixed") -> AsyncIterator[bytes]:
        """An archive of the images; NotFound before the first chunk when one is unknown."""
        return save(self, refs, form)

    async def import_tar(
        self,
        chunks: AsyncIterable[bytes],
        ref: ImageRef | None,
        *,
        changes: Sequence[str] = (),
        message: str = "",
        platform: str = "",
        progress: Progress | None = None,
        owner: Caller = LOCAL_ROOT,
    ) -> Digest:
        """An image of one layer from the archive of a root file system, compressed or not."""
        options = ImportOptions(changes=changes, message=message, platform=platform)
        return await import_tar(self, chunks, ref, options, progress, owner)

    async def bootstrap(
        self,
        ref: ImageRef,
        *,
        suite: str = "",
        include: Sequence[str] = (),
        epoch: int = 0,
        progress: Progress | None = None,
        owner: Caller = LOCAL_ROOT,
    ) -> Digest:
        """A base image from packages; see ``BootstrapOptions``."""
        return await bootstrap(self, ref, BootstrapOptions(suite, include, epoch), progress, owner)

    async def commit(
        self,
        key: str,
        image_id: Digest,
        ref: ImageRef | None,
        options: CommitOptions,
        owner: Caller = LOCAL_ROOT,
    ) -> Digest:
        """An image of what a container wrote; see ``berth.image.commit``."""
        return await commit(self, key, image_id, ref, options, owner)

    async def derive(
        self,
        parent: Image | None,
        steps: Sequence[Derivation],
        *,
        staged: StagedLayer | None = None,
        owner: Caller = LOCAL_ROOT,
        also: Also | None = None,
    ) -> tuple[Image, ...]:
        """The images of steps of a build, each made from the one before; see ``berth.image.derive``."""
        return await derive(self, parent, steps, staged=staged, owner=owner, also=also)

    def archive(self, tree: Path) -> AsyncIterator[bytes]:
        """A directory tree as a tar stream, as ``export`` gives it."""
        return stream(pack(tree))
