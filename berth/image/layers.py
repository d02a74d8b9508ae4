"""Stored layers, each once, by the digest of its archive.

On disk, below the image root::

    ingest/<random>/<n>/     layers being written; removed when the store opens
    layers/<64 hex>/         complete layers, named by diff_id; content as the form says
    trash/<random>           on the way out; removed when the store opens

A layer becomes visible in two steps: its directory is renamed after its content is on disk, then its row
is committed. A directory without a row is garbage, so a crash between leaves nothing. Removal goes the
other way round: row, rename to trash, delete.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from berth.base.digest import Digest, digest_hex
from berth.base.errors import Internal
from berth.image.compression import Inflow
from berth.image.content import fsync_directory
from berth.image.layer.form import LayerForm
from berth.image.limits import DEFAULT_LIMITS, Limits, Meter
from berth.image.model import LayerInfo
from berth.image.removal import remove_tree
from berth.image.tar.source import NextChunk
from berth.kernel.mount import mounts_below, umount_if_mounted

_MOUNT_NAME = 32


class StagedLayer(NamedTuple):
    """A layer that is written and on disk, but not yet visible. ``blob_digest`` is that of the bytes as
    they came, compressed or not."""

    directory: Path
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


class Staging:
    """Layers of one operation until they are published. ``close`` removes what was not."""

    def __init__(self, directory: Path, form: LayerForm, limits: Limits = DEFAULT_LIMITS) -> None:
        self.directory = directory
        self._form = form
        self._limits = limits
        self._count = 0
        directory.mkdir(mode=0o700)

    def write(self, next_chunk: NextChunk, seen: Callable[[int], None] = lambda _: None) -> StagedLayer:
        """Read one layer, compressed or not, to its end, and put it on disk. Call it in a thread.

        InvalidArgument for a bad archive or a bomb; then nothing of it remains.
        """
        target = self.directory / str(self._count)
        self._count += 1
        target.mkdir(mode=0o700)
        try:
            return self._write(next_chunk, seen, target)
        except BaseException:
            remove_tree(target)
            raise

    def _write(self, next_chunk: NextChunk, seen: Callable[[int], None], target: Path) -> StagedLayer:
        tap = _Tap(next_chunk, seen)
        inflow = Inflow(tap.next_chunk)
        if not inflow.method:
            tap.hash = None  # both digests are the same one
        plain = hashlib.sha256()
        meter = Meter(self._limits, target)

        def measured() -> bytes | memoryview:
            chunk = inflow.next_chunk()
            plain.update(chunk)
            meter.compressed = tap.size
            meter.count(len(chunk))
            return chunk

        written = self._form.write(measured, target, self._limits.entries)
        self._form.sync(target)
        diff_id = Digest("sha256:" + plain.hexdigest())
        info = LayerInfo(
            diff_id=diff_id,
            form=self._form.name,
            size=written.size,
            tar_size=meter.plain,
            opaque_root=written.opaque_root,
        )
        blob = diff_id if tap.hash is None else Digest("sha256:" + tap.hash.hexdigest())
        return StagedLayer(target, info, blob, tap.size)

    def close(self) -> None:
        """Remove what is left."""
        remove_tree(self.directory)


class LayerStore:
    """Directories of layers, and the mounts that make them usable. Rows are the caller's."""

    def __init__(self, root: Path, mounts: Path, forms: dict[str, LayerForm], form: str) -> None:
        self._root = root
        self._layers = root / "layers"
        self._ingest = root / "ingest"
        self._trash = root / "trash"
        self._mounts = mounts
        self._forms = forms
        self._form = forms[form]
        self._infos: dict[Digest, LayerInfo] = {}
        for directory in (self._layers, self._ingest, self._trash, mounts):
            directory.mkdir(mode=0o710, parents=True, exist_ok=True)

    def restore(self, infos: Iterable[LayerInfo]) -> None:
        """Take over the rows and remove what a crash left: half-written and unrecorded layers."""
        self._infos = {info.diff_id: info for info in infos}
        known = {digest_hex(diff_id) for diff_id in self._infos}
        for name in os.listdir(self._layers):
            if name not in known:
                self._discard(self._layers / name)
        used = {name[:_MOUNT_NAME] for name in known}
        for mounted in mounts_below(self._mounts):
            if Path(mounted).name not in used:
                umount_if_mounted(mounted, detach=True)
        for directory in (self._ingest, self._trash):
            for mounted in mounts_below(directory):
                umount_if_mounted(mounted, detach=True)  # of a bootstrap that was cut off
            for name in os.listdir(directory):
                remove_tree(directory / name)

    def find(self, diff_id: Digest) -> LayerInfo | None:
        """The layer's record, or None."""
        return self._infos.get(diff_id)

    def known(self) -> frozenset[Digest]:
        """Every stored layer."""
        return frozenset(self._infos)

    def open_staging(self, limits: Limits = DEFAULT_LIMITS) -> Staging:
        """A place to write layers to before they are published."""
        return Staging(self._ingest / secrets.token_hex(8), self._form, limits)

    def scratch(self, name: str) -> Path:
        """An empty directory for a program's temporary files; the next start removes what is left."""
        directory = self._ingest / name
        directory.mkdir(mode=0o755)
        return directory

    def place(self, staged: StagedLayer) -> None:
        """Give a staged layer its final name, durably. The row must follow, then ``add``."""
        target = self._directory(staged.info.diff_id)
        if target.exists():
            self._discard(target)  # of an earlier attempt whose row never came
        os.rename(staged.directory, target)

    def sync_names(self) -> None:
        """Make the names given by ``place`` durable."""
        fsync_directory(self._layers)

    def add(self, info: LayerInfo) -> None:
        """The layer's row is committed."""
        self._infos[info.diff_id] = info

    def withdraw(self, diff_ids: Iterable[Digest]) -> list[Path]:
        """The rows are gone: unmount and hide the layers. The paths are to be passed to ``empty_trash``."""
        gone = []
        for diff_id in diff_ids:
            self._infos.pop(diff_id, None)
            mount_point = self._mount_point(diff_id)
            umount_if_mounted(mount_point, detach=True)
            with contextlib.suppress(FileNotFoundError):
                mount_point.rmdir()
            target = self._trash / secrets.token_hex(8)
            with contextlib.suppress(FileNotFoundError):
                os.rename(self._directory(diff_id), target)
                gone.append(target)
        return gone

    def trash(self, path: Path) -> Path | None:
        """Hide a directory of the same file system, for ``empty_trash``; None when it is not there."""
        target = self._trash / secrets.token_hex(8)
        try:
            os.rename(path, target)
        except FileNotFoundError:
            return None
        return target

    def empty_trash(self, paths: Iterable[Path]) -> None:
        """Delete what ``withdraw`` hid. Call it in a thread."""
        for path in paths:
            remove_tree(path)

    def archive(self, diff_id: Digest) -> Iterator[bytes]:
        """The layer's archive, byte for byte; Internal when what is stored has been changed."""
        info = self._info(diff_id)
        digest = hashlib.sha256()
        for chunk in self._forms[info.form].archive(self._directory(diff_id), info.tar_size):
            digest.update(chunk)
            yield chunk
        if "sha256:" + digest.hexdigest() != diff_id:
            raise Internal(
                f"layer {diff_id} is damaged: its files were changed from outside",
                hint="remove the image and load or pull it again",
            )

    def lowers(self, diff_ids: Iterable[Digest]) -> list[Path]:
        """Directories for overlayfs, topmost first; mounted if need be. ``diff_ids`` has the base first.

        A layer that occurs twice counts where it is on top: overlayfs refuses a directory given twice, and
        the lower one has nothing that the upper one does not hide.
        """
        paths: dict[Digest, Path] = {}
        for diff_id in reversed(tuple(diff_ids)):
            if diff_id in paths:
                continue
            info = self._info(diff_id)
            form = self._forms[info.form]
            paths[diff_id] = form.lower(self._directory(diff_id), self._mount_point(diff_id))
            if info.opaque_root:
                break
        return list(paths.values())

    def needs_xino(self, diff_ids: Iterable[Digest]) -> bool:
        """Whether the layers lie on file systems of their own."""
        return any(self._info(diff_id).form != "directory" for diff_id in diff_ids)

    def unmount_all(self) -> None:
        """Let go of every layer mount; overlays that are mounted keep what they need."""
        for mounted in mounts_below(self._mounts):
            umount_if_mounted(mounted, detach=True)

    def _info(self, diff_id: Digest) -> LayerInfo:
        info = self._infos.get(diff_id)
        if info is None:
            raise Internal(f"layer {diff_id} does not exist")
        return info

    def _directory(self, diff_id: Digest) -> Path:
        return self._layers / digest_hex(diff_id)

    def _mount_point(self, diff_id: Digest) -> Path:
        return self._mounts / digest_hex(diff_id)[:_MOUNT_NAME]

    def _discard(self, path: Path) -> None:
        target = self._trash / secrets.token_hex(8)
        os.rename(path, target)
        remove_tree(target)
