"""From a blob's bytes to a layer on disk, with both digests: the work itself, in whatever process."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from berth.base.digest import Digest
from berth.image.compression import Inflow
from berth.image.layer.form import LayerForm
from berth.image.limits import Limits, Meter
from berth.image.model import LayerInfo
from berth.image.tar.source import NextChunk


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """A layer whose bytes are on disk. ``blob_digest`` and ``blob_size`` are those of the bytes as they came,
    compressed or not."""

    info: LayerInfo
    blob_digest: Digest
    blob_size: int


class _Tap:
    """Passes chunks on, counts them, and hashes them until told that it is not needed."""

    def __init__(self, next_chunk: NextChunk, seen: Callable[[int], None]) -> None:
        self._next_chunk = next_chunk
        self._seen = seen
        self.hash: hashlib._Hash | None = hashlib.sha256()
        self.size = 0

    def next_chunk(self) -> bytes | memoryview:
        chunk = self._next_chunk()
        self.size += len(chunk)
        if self.hash is not None:
            self.hash.update(chunk)
        self._seen(self.size)
        return chunk


def assemble(
    form: LayerForm,
    next_chunk: NextChunk,
    target: Path,
    limits: Limits,
    seen: Callable[[int], None] = lambda _: None,
    *,
    landed: bool = False,
) -> Assembled:
    """Read one layer, compressed or not, to its end, and put it on disk below ``target``.

    ``landed``: it is plain, and stands already where the form would put it. InvalidArgument for a bad archive
    or a bomb; what is below ``target`` is of no use then.
    """
    tap = _Tap(next_chunk, seen)
    inflow = Inflow(tap.next_chunk)
    if not inflow.method:
        tap.hash = None  # both digests are the same one
    plain = hashlib.sha256()
    meter = Meter(limits, target)

    def measured() -> bytes | memoryview:
        chunk = inflow.next_chunk()
        plain.update(chunk)
        meter.compressed = tap.size
        meter.count(len(chunk))
        return chunk

    written = form.write(measured, target, limits.entries, landed=landed)
    form.sync(target)
    diff_id = Digest("sha256:" + plain.hexdigest())
    info = LayerInfo(
        diff_id=diff_id,
        form=form.name,
        size=written.size,
        tar_size=meter.plain,
        opaque_root=written.opaque_root,
    )
    blob = diff_id if tap.hash is None else Digest("sha256:" + tap.hash.hexdigest())
    return Assembled(info=info, blob_digest=blob, blob_size=tap.size)
