"""``import``: an image of one layer from the tar of a root file system."""

import asyncio
import time
from collections.abc import AsyncIterable, Sequence

import msgspec

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef
from berth.image.config import HistoryItem, ImageConfig, ImageSettings, RootFs, encode_config, format_time
from berth.image.core import ImageCore, NewImage
from berth.image.feed import run_fed
from berth.image.instructions import apply_changes
from berth.image.layers import StagedLayer
from berth.image.model import Progress, Silent
from berth.image.plan import host_architecture

_DEFAULT_MESSAGE = "Imported from -"


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the image is to look.

    ``settings`` is what the instructions of ``changes`` start from. ``platform`` is ``os[/arch[/variant]]``,
    empty for this machine; ``created_ns`` is 0 for now.
    """

    settings: ImageSettings = ImageSettings()
    changes: Sequence[str] = ()
    message: str = ""
    platform: str = ""
    created_by: str = ""
    created_ns: int = 0


async def import_tar(
    store: ImageCore,
    chunks: AsyncIterable[bytes],
    ref: ImageRef | None,
    options: ImportOptions,
    progress: Progress | None = None,
    owner: Caller = LOCAL_ROOT,
) -> Digest:
    """Make an image of the archive, compressed or not. InvalidArgument for a bad one; nothing stays then."""
    settings = apply_changes(options.settings, options.changes)
    base = _platform(options.platform)
    told = progress or Silent()
    async with store.lease():
        staging = store.open_staging()
        try:
            staged = await run_fed(
                chunks,
                lambda next_chunk: staging.write(next_chunk, lambda n: told.update("", "Importing", n)),
            )
            config = _config(base, settings, options, staged)
            names = (ref.with_default_tag(),) if ref is not None else ()
            published = await store.publish([NewImage(config, names)], [staged], owner)
        finally:
            await asyncio.shield(asyncio.to_thread(staging.close))
    return published[0].image.id


def _platform(text: str) -> ImageConfig:
    system, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    if system not in ("", "linux"):
        raise InvalidArgument(f"operating system is not supported: {system}")
    return ImageConfig(os="linux", architecture=architecture or host_architecture(), variant=variant)


def _config(base: ImageConfig, settings: ImageSettings, options: ImportOptions, staged: StagedLayer) -> bytes:
    created = format_time(options.created_ns or time.time_ns())
    message = options.message or _DEFAULT_MESSAGE
    return encode_config(
        msgspec.structs.replace(
            base,
            created=created,
            comment=message,
            config=settings,
            rootfs=RootFs(diff_ids=(staged.info.diff_id,)),
            history=(HistoryItem(created=created, created_by=options.created_by, comment=message),),
        )
    )
