"""Stored layers, each once, by the digest of its archive.

On disk, below the image root::

    ingest/<random>/<n>/     layers being written, and
    ingest/<random>/<n>.blob what they are made of; removed when the store opens
    layers/<64 hex>/         complete layers, named by diff_id; content as the form says
    trash/<random>           on the way out; removed when the store opens

A layer becomes visible in two steps: its directory is renamed after its content is on disk, then its row
is committed. A directory without a row is garbage, so a crash between leaves nothing. Removal goes the
other way round: row, rename to trash, delete.
"""

import contextlib
import hashlib
import itertools
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from berth.base.digest import Digest, digest_hex
from berth.base.errors import Internal
from berth.image.assembly import Assembled, assemble
from berth.image.content import fsync_directory
from berth.image.errand import Errand
from berth.image.growing import GrowingFile
from berth.image.layer.form import LayerForm
from berth.image.limits import DEFAULT_LIMITS, Limits
from berth.image.model import LayerInfo
from berth.image.removal import remove_tree
from berth.image.tar.source import NextChunk
from berth.image.workers import Workers
from berth.kernel.mount import mounts_below, umount_if_mounted

_MOUNT_NAME = 32
_LARGE = 1 << 20
"""Bytes of a blob that are worth telling another process about."""


class StagedLayer(NamedTuple):
    """A layer that is written and on disk, but not yet visible. ``blob_digest`` is that of the bytes as
    they came, compressed or not."""

    directory: Path
    info: LayerInfo
    blob_digest: Digest
    blob_size: int


class Staging:
    """Layers of one operation until they are published. ``close`` removes what was not."""

    def __init__(
        self,
        directory: Path,
        form: LayerForm,
        limits: Limits = DEFAULT_LIMITS,
        workers: Workers | None = None,
    ) -> None:
        """Without ``workers`` everything is done by the threads that call."""
        self.directory = directory
        self._form = form
        self._limits = limits
        self._workers = workers
        self._count = itertools.count()
        directory.mkdir(mode=0o700)
        if workers is not None:
            workers.enter()

    def write(self, next_chunk: NextChunk, seen: Callable[[int], None] = lambda _: None) -> StagedLayer:
        """Read one layer, compressed or not, to its end, and put it on disk. Call it in a thread.

        InvalidArgument for a bad archive or a bomb; then nothing of it remains.
        """
        with self._target() as target:
            return _staged(target, assemble(self._form, next_chunk, target, self._limits, seen))

    def follow(self, blob: GrowingFile, seen: Callable[[int], None] = lambda _: None) -> StagedLayer:
        """As ``write``, from a file that may still grow; large ones in a process of their own."""
        if self._workers is None or blob.size < _LARGE:
            return self.write(blob.next_chunk, seen)
        with self._target() as target:
            return self._errand(blob, target, seen, landed=False)

    def landing(self, size: int, *, plain: bool) -> "Landing":
        """Where to write a layer of ``size`` bytes as it is, to be read by ``follow_landing`` meanwhile."""
        target = self._new_directory()
        if plain and self._form.landing is not None:
            name, offset = self._form.landing
            return Landing(target, GrowingFile(target / name, size, offset), in_place=True)
        return Landing(target, GrowingFile(target.with_suffix(".blob"), size), in_place=False)

    def follow_landing(self, landing: "Landing", seen: Callable[[int], None]) -> StagedLayer:
        """As ``follow``."""
        blob, landed = landing.blob, landing.in_place
        try:
            with self._target(landing.target) as target:
                if self._workers is None or blob.size < _LARGE:
                    done = assemble(self._form, blob.next_chunk, target, self._limits, seen, landed=landed)
                    return _staged(target, done)
                return self._errand(blob, target, seen, landed=landed)
        finally:
            if not landed:
                os.truncate(blob.path, 0)  # whoever writes it still has it open

    def _errand(
        self, blob: GrowingFile, target: Path, seen: Callable[[int], None], *, landed: bool
    ) -> StagedLayer:
        assert self._workers is not None
        errand = Errand(
            blob=str(blob.path),
            offset=blob.offset,
            size=blob.size,
            landed=landed,
            target=str(target),
            form=self._form.name,
            limits=tuple(self._limits),
        )
        return _staged(target, self._workers.assemble(errand, blob.wait, seen))

    @contextlib.contextmanager
    def _target(self, target: Path | None = None) -> Iterator[Path]:
        """A directory for one layer, gone when the layer fails."""
        target = target or self._new_directory()
        try:
            yield target
        except BaseException:
            remove_tree(target)
            raise

    def _new_directory(self) -> Path:
        target = self.directory / str(next(self._count))
        target.mkdir(mode=0o700)
        return target

    def close(self) -> None:
        """Remove what is left."""
        if self._workers is not None:
            self._workers.leave()
            self._workers = None
        remove_tree(self.directory)


def _staged(target: Path, done: Assembled) -> StagedLayer:
    return StagedLayer(target, done.info, done.blob_digest, done.blob_size)


class Landing(NamedTuple):
    """A layer that is written down as it comes. ``in_place``: where its form would put it."""

    target: Path
    blob: GrowingFile
    in_place: bool

    def close(self) -> None:
        """No more is written, and nobody reads."""
        self.blob.close()
        if not self.in_place:
            self.blob.path.unlink(missing_ok=True)


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
        self._workers = Workers()
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
        # The table of mounts takes milliseconds to read where hundreds of containers run: names will do.
        used = {name[:_MOUNT_NAME] for name in known}
        for name in os.listdir(self._mounts):
            if name not in used:
                umount_if_mounted(self._mounts / name, detach=True)
        for directory in (self._ingest, self._trash):
            names = os.listdir(directory)
            for mounted in mounts_below(directory) if names else ():
                umount_if_mounted(mounted, detach=True)  # of a bootstrap that was cut off
            for name in names:
                remove_tree(directory / name)

    def find(self, diff_id: Digest) -> LayerInfo | None:
        """The layer's record, or None."""
        return self._infos.get(diff_id)

    def known(self) -> frozenset[Digest]:
        """Every stored layer."""
        return frozenset(self._infos)

    def open_staging(self, limits: Limits = DEFAULT_LIMITS) -> Staging:
        """A place to write layers to before they are published."""
        return Staging(self._ingest / secrets.token_hex(8), self._form, limits, self._workers)

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

    def forget(self, diff_ids: Iterable[Digest]) -> None:
        """The rows are gone: nobody finds the layers any more. ``withdraw`` must follow."""
        for diff_id in diff_ids:
            self._infos.pop(diff_id, None)

    def withdraw(self, diff_ids: Iterable[Digest]) -> list[Path]:
        """Unmount and hide layers after ``forget``. The paths are to be passed to ``empty_trash``."""
        gone = []
        for diff_id in diff_ids:
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
