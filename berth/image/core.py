"""Images, layers and containers' file systems brought together: what exists, and how it changes.

On disk::

    <root>/blobs, ingest, layers, trash, snapshots     see content, layers, snapshots
    <exec root>/layers/<id>                            layers of the erofs form, mounted
    <exec root>/rootfs/<key>                           snapshots, mounted

The order of every change is: bytes on disk, rows committed, memory changed. So what memory says is true
after a crash, and what a crash leaves without a row is removed by ``open``. One lock orders the
changes; it is never held while bytes are read, written or deleted. What an operation still needs
meanwhile is kept by a lease.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from berth.base.caller import LOCAL_ROOT, Caller
from berth.base.digest import Digest, sha256
from berth.base.errors import Conflict, InvalidArgument, NotFound, Unsupported
from berth.base.ids import short_id
from berth.base.reference import ImageRef
from berth.base.tasks import TaskTree
from berth.image import tables
from berth.image.changes import Change, find_changes
from berth.image.config import decode_config
from berth.image.content import ContentStore
from berth.image.history import history_of
from berth.image.identity import chain_ids
from berth.image.index import ImageIndex
from berth.image.layer.directory import DirectoryForm
from berth.image.layer.erofs_form import ErofsForm, can_mount_in
from berth.image.layer.form import LayerForm
from berth.image.layers import LayerStore, StagedLayer, Staging
from berth.image.lease import Lease, Leases
from berth.image.limits import DEFAULT_LIMITS, Limits
from berth.image.model import HistoryRow, Image, LayerInfo, Removed
from berth.image.size import tree_size
from berth.image.snapshots import Snapshots
from berth.image.views import Views
from berth.state.database import Database

Row = tuple[Any, ...]

_log = logging.getLogger(__name__)


class NewImage(NamedTuple):
    """An image about to be published: the bytes of its configuration, and its names.

    ``hidden``: it is a step of a build, which nobody has asked for by itself. It gets no names.
    """

    config: bytes
    names: tuple[ImageRef, ...] = ()
    parent: Digest | None = None
    hidden: bool = False


class Published(NamedTuple):
    """``displaced`` tells for each name which image had it before, if another one had."""

    image: Image
    displaced: dict[ImageRef, Digest]


def _report(name: str, error: BaseException) -> None:
    _log.error("%s failed after its caller had gone: %s", name, error)


class ImageCore:
    """See the module. ``store.ImageStore`` adds what streams in and out."""

    def __init__(self, root: Path, exec_root: Path, database: Database, forms: Sequence[LayerForm]) -> None:
        by_name = {form.name: form for form in forms}
        self.layer_form = forms[0].name
        """The form that new layers get: ``erofs`` or ``directory``."""
        self.content = ContentStore(root)
        self.layers = LayerStore(root, exec_root / "layers", by_name, self.layer_form)
        self.snapshots = Snapshots(root, exec_root / "rootfs", self.layers)
        self._views = Views(exec_root / "views", self.layers)
        self.leases = Leases()
        self.index = ImageIndex()
        self._database = database
        self._lock = asyncio.Lock()
        self._tasks = TaskTree(_report)
        self._visits: dict[str, int] = {}
        """Snapshots that ``mounted`` mounted, and how many work in them."""
        self._kept: set[str] = set()
        """Those of them that ``mount`` was asked for meanwhile: the last visitor leaves them mounted."""

    @classmethod
    async def open(cls, root: Path, exec_root: Path, database: Database, *, layer_form: str = "auto") -> Self:
        """Open the store below ``root`` and remove what a crash left behind.

        ``layer_form``: ``erofs``, ``directory``, or ``auto`` for what the kernel can do. Unsupported when
        ``erofs`` is asked of a kernel that cannot.
        """
        root.mkdir(mode=0o710, parents=True, exist_ok=True)
        exec_root.mkdir(mode=0o710, parents=True, exist_ok=True)
        forms = await asyncio.to_thread(_choose_forms, root, exec_root, layer_form)
        store = cls(root, exec_root, database, forms)
        await store._restore()
        return store

    async def _restore(self) -> None:
        read = self._database.read
        layers = [
            LayerInfo(diff_id=d, form=form, size=size, tar_size=tar_size, opaque_root=bool(opaque))
            for d, form, size, tar_size, opaque in read("SELECT * FROM image_layers")
        ]
        snapshots = {
            key: tuple(Digest(d) for d in text.split())
            for key, text in read("SELECT key, layers FROM image_snapshots")
        }
        await asyncio.to_thread(self._views.restore)
        await asyncio.to_thread(self.layers.restore, layers)
        await asyncio.to_thread(self.snapshots.restore, snapshots)
        images = read("SELECT * FROM image_images")
        names = read("SELECT * FROM image_names")
        steps = read("SELECT image_id, shown FROM image_hidden")
        await asyncio.to_thread(self._load_images, images, names, steps)
        await self.collect()

    def _load_images(self, images: Iterable[Row], names: Iterable[Row], steps: Iterable[Row]) -> None:
        for image_id, parent, size, added, tagged, uid, gid, subject in images:
            self.index.put(
                Image(
                    id=image_id,
                    config=decode_config(self.content.get(image_id)),
                    size=size,
                    parent=parent,
                    added_ns=added,
                    tagged_ns=tagged,
                    owner=Caller(uid, gid, -1, subject),
                )
            )
        for image_id, shown in steps:
            self.index.set_step(image_id, shown=bool(shown))
        for repository, suffix, image_id in names:
            self.index.set_name(_stored_ref(repository, suffix), image_id)
        for digest in list(self.content):
            if self.index.find(digest) is None:
                self.content.delete(digest)

    async def close(self) -> None:
        """Let go of the layers' mounts. Snapshots that are mounted stay so."""
        await asyncio.to_thread(self._views.close)
        await asyncio.to_thread(self.layers.unmount_all)

    # -- questions -----------------------------------------------------------------------------------

    def resolve(self, ref: str) -> Image:
        """The image meant by a name, an id or a unique prefix of one; see ``ImageIndex.resolve``."""
        return self.index.resolve(ref)

    def find(self, image_id: Digest) -> Image | None:
        """The image, or None when it is gone."""
        return self.index.find(image_id)

    def get(self, image_id: Digest) -> Image:
        """The image; NotFound when it is gone."""
        image = self.index.find(image_id)
        if image is None:
            raise NotFound(f"No such image: {image_id}")
        return image

    def list(self) -> tuple[Image, ...]:
        """Every image, newest first, those included that are hidden."""
        return self.index.list()

    def is_hidden(self, image_id: Digest) -> bool:
        """Whether the image is only a step of a build: kept for the cache, listed with ``--all`` alone."""
        return self.index.is_hidden(image_id)

    def names(self, image_id: Digest) -> tuple[ImageRef, ...]:
        """Names with a tag; none means that the image is dangling."""
        return self.index.names(image_id)

    def digests(self, image_id: Digest) -> tuple[ImageRef, ...]:
        """Names by the digest of a registry's manifest."""
        return self.index.digests(image_id)

    def children(self, image_id: Digest) -> tuple[Image, ...]:
        """Images made from this one here."""
        return self.index.children(image_id)

    def descendants(self, ref: str) -> tuple[Image, ...]:
        """The image meant by ``ref`` and everything built on it."""
        return self.index.descendants(self.index.resolve(ref))

    def raw_config(self, image_id: Digest) -> bytes:
        """The configuration's own bytes."""
        return self.content.get(image_id)

    def history(self, image_id: Digest) -> tuple[HistoryRow, ...]:
        """How the image came about, newest step first."""
        return history_of(self.get(image_id), self.index, self.layers)

    def shared_sizes(self) -> dict[Digest, int]:
        """For each image that is not hidden, how much of its size others have too (``system df -v``)."""
        users: dict[Digest, int] = {}
        images = [image for image in self.index.list() if not self.index.is_hidden(image.id)]
        for image in images:
            for diff_id in set(image.layers):
                users[diff_id] = users.get(diff_id, 0) + 1
        return {
            image.id: sum(self._layer_size(d) for d in set(image.layers) if users[d] > 1) for image in images
        }

    def layers_size(self, *, shown: bool = False) -> int:
        """What all layers hold together, each counted once; with ``shown`` those of images not hidden."""
        layers: Iterable[Digest] = self.layers.known()
        if shown:
            images = (image for image in self.index.list() if not self.index.is_hidden(image.id))
            layers = {diff_id for image in images for diff_id in image.layers}
        return sum(self._layer_size(diff_id) for diff_id in layers)

    def _layer_size(self, diff_id: Digest) -> int:
        info = self.layers.find(diff_id)
        return info.size if info else 0

    # -- changes -------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncIterator[Lease]:
        """Keep every layer that exists now, and what is published meanwhile, from the collector."""
        async with self._lock:
            lease = self.leases.open(self.layers.known())
        try:
            yield lease
        finally:
            if self.leases.close(lease):
                await self.collect()

    def open_staging(self, limits: Limits = DEFAULT_LIMITS) -> Staging:
        """A place to write layers to; publish them under a lease, then close it in a thread."""
        return self.layers.open_staging(limits)

    async def publish(
        self,
        images: Sequence[NewImage],
        staged: Iterable[StagedLayer],
        owner: Caller = LOCAL_ROOT,
        also: Callable[[sqlite3.Connection], None] | None = None,
    ) -> tuple[Published, ...]:
        """Make images visible with their layers and names, all of them or none.

        ``staged`` must hold every layer that is not stored yet. ``also`` writes rows of others in the same
        transaction. Once begun it runs to its end, even when the caller is cancelled: rows and memory must
        not part. The caller is told only then, since it will remove what was staged.
        """
        work = self._publish(images, tuple(staged), owner, also)
        return await self._tasks.finish("publish", work, waits=True)

    async def _publish(
        self,
        images: Sequence[NewImage],
        staged: tuple[StagedLayer, ...],
        owner: Caller,
        also: Callable[[sqlite3.Connection], None] | None,
    ) -> tuple[Published, ...]:
        async with self._lock:
            placed = await asyncio.to_thread(self._place, images, staged)
            now = time.time_ns()
            sizes = {info.diff_id: info.size for info in placed}
            records: list[Image] = []
            for new in images:
                record = self._new_record(new, sizes, now, owner)
                if new.parent and any(new.parent == other.id for other in records):
                    record = msgspec.structs.replace(record, parent=new.parent)
                records.append(record)

            def change(connection: sqlite3.Connection) -> None:
                tables.insert_layers(connection, placed)
                for new, record in zip(images, records, strict=True):
                    _insert(connection, new, record, now)
                if also is not None:
                    also(connection)

            try:
                await self._database.write(change)
            except Exception:
                hidden = await self._withdraw([info.diff_id for info in placed])
                await asyncio.to_thread(self.layers.empty_trash, hidden)
                raise
            for info in placed:
                self.layers.add(info)
                self.leases.pin(info.diff_id)
            return tuple(self._remember(new, r, now) for new, r in zip(images, records, strict=True))

    def _place(self, images: Sequence[NewImage], staged: tuple[StagedLayer, ...]) -> Sequence[LayerInfo]:
        placed: dict[Digest, LayerInfo] = {}
        for layer in staged:
            diff_id = layer.info.diff_id
            if self.layers.find(diff_id) is None and diff_id not in placed:
                self.layers.place(layer)
                placed[diff_id] = layer.info
        if placed:
            self.layers.sync_names()
        self.content.put_all(new.config for new in images)
        return tuple(placed.values())

    def _new_record(self, new: NewImage, fresh: Mapping[Digest, int], now: int, owner: Caller) -> Image:
        config = decode_config(new.config)
        size = 0
        for diff_id in config.diff_ids:
            if diff_id not in fresh and self.layers.find(diff_id) is None:
                raise NotFound(f"layer {diff_id} does not exist")
            size += fresh[diff_id] if diff_id in fresh else self._layer_size(diff_id)
        parent = new.parent if new.parent is not None and self.index.find(new.parent) else None
        return Image(
            id=sha256(new.config), config=config, size=size, parent=parent, added_ns=now, owner=owner
        )

    def _remember(self, new: NewImage, record: Image, now: int) -> Published:
        known = self.index.find(record.id)
        if new.hidden and known is None:
            self.index.set_step(record.id, shown=False)
        elif not new.hidden:
            self.index.show(record.id)
        known = known or record
        if new.names:
            known = msgspec.structs.replace(known, tagged_ns=now)
        self.index.put(known)
        displaced = {}
        for ref in new.names:
            before = self.index.set_name(ref, record.id)
            if before is not None:
                displaced[ref] = before
        return Published(known, displaced)

    async def tag(self, image_id: Digest, ref: ImageRef) -> Digest | None:
        """Let ``ref`` name the image; returns the image that had the name before, if another one had."""
        return await self._tasks.finish("tag", self._tag(image_id, ref.with_default_tag()))

    async def _tag(self, image_id: Digest, ref: ImageRef) -> Digest | None:
        async with self._lock:
            image = self.get(image_id)
            now = time.time_ns()
            await self._database.write(lambda c: tables.set_name(c, ref, image_id, now))
            self.index.put(msgspec.structs.replace(image, tagged_ns=now))
            return self.index.set_name(ref, image_id)

    async def untag(self, ref: ImageRef) -> None:
        """Forget one name. The image stays, dangling if it was the last one."""
        await self._tasks.finish("untag", self._untag(ref))

    async def _untag(self, ref: ImageRef) -> None:
        async with self._lock:
            await self._database.write(lambda c: tables.drop_name(c, ref))
            self.index.drop_name(ref)

    def is_step(self, image_id: Digest) -> bool:
        """Whether a build made the image as the result of a step, hidden or not."""
        return self.index.is_step(image_id)

    async def hide_again(self, image_id: Digest) -> bool:
        """Take all names from a step of a build, which then is nothing else; False when it is none, or hidden
        already. So a build that comes again finds what it knows, although nobody sees it."""
        return await self._tasks.finish("hide", self._hide_again(image_id))

    async def _hide_again(self, image_id: Digest) -> bool:
        async with self._lock:
            if not self.index.is_step(image_id) or self.index.is_hidden(image_id):
                return False
            await self._database.write(lambda c: tables.hide_again(c, image_id))
            self.index.set_step(image_id, shown=False)
            return True

    async def remove(self, image_id: Digest, *, unnamed: bool = False) -> Removed:
        """Remove the image, its names, and the layers that nothing else needs.

        Whether it may be removed is the caller's to decide. Children lose their parent, snapshots keep
        their layers. ``unnamed``: Conflict when the image has got a name after the caller has decided.
        """
        return await self._tasks.finish("remove", self._remove(image_id, unnamed=unnamed))

    async def _remove(self, image_id: Digest, *, unnamed: bool) -> Removed:
        async with self._lock:
            names = self.names(image_id) if unnamed else ()
            if names:
                short = short_id(image_id)
                raise Conflict(
                    f"conflict: unable to delete {short} - it was named {names[0].familiar} meanwhile"
                )
            chains = self._lonely_chains(self.get(image_id))
            trash = await self._forget(image_id)
        await asyncio.to_thread(self.layers.empty_trash, trash)
        return Removed(image_id, chains)

    async def _forget(self, image_id: Digest) -> Sequence[Path]:
        """Take an image out of rows and memory; returns the files that are to be deleted."""
        pinned = self.leases.pinned()

        def change(connection: sqlite3.Connection) -> Sequence[Digest]:
            tables.delete_image(connection, image_id)
            return tables.collect_layers(connection, pinned)

        garbage = await self._database.write(change)
        self.index.drop(image_id)
        self.content.delete(image_id)
        return await self._withdraw(garbage)

    async def drop_step(self, image_id: Digest, also: Callable[[sqlite3.Connection], None]) -> bool:
        """No build needs the step any more: it is removed if it is hidden, else an image like any other.

        ``also`` writes further rows when the image stays. False when it is gone, or no step, already.
        """
        return await self._tasks.finish("drop", self._drop_step(image_id, also))

    async def _drop_step(self, image_id: Digest, also: Callable[[sqlite3.Connection], None]) -> bool:
        async with self._lock:
            if self.index.find(image_id) is None or not self.index.is_step(image_id):
                return False
            if not self.index.is_hidden(image_id):

                def change(connection: sqlite3.Connection) -> None:
                    connection.execute("DELETE FROM image_hidden WHERE image_id = ?", (image_id,))
                    also(connection)

                await self._database.write(change)
                self.index.forget_step(image_id)
                return True
            trash = await self._forget(image_id)
        await asyncio.to_thread(self.layers.empty_trash, trash)
        return True

    def _lonely_chains(self, image: Image) -> tuple[Digest, ...]:
        others = {chain for i in self.index.list() if i.id != image.id for chain in chain_ids(i.layers)}
        return tuple(chain for chain in reversed(chain_ids(image.layers)) if chain not in others)

    async def collect(self) -> None:
        """Remove the layers that no image, snapshot or lease needs."""
        async with self._lock:
            pinned = self.leases.pinned()
            garbage = await self._database.write(lambda c: tables.collect_layers(c, pinned))
            trash = await self._withdraw(garbage)
        if trash:
            await asyncio.to_thread(self.layers.empty_trash, trash)

    async def _withdraw(self, garbage: Sequence[Digest]) -> Sequence[Path]:
        """In a thread: the end of a mount waits for the kernel, 10 to 25 ms."""
        self.layers.forget(garbage)
        return await asyncio.to_thread(self.layers.withdraw, garbage) if garbage else ()

    # -- file systems of containers ------------------------------------------------------------------

    async def prepare(self, key: str, image_id: Digest, storage_opt: Mapping[str, str]) -> None:
        """Make the writable layer ``key`` over an image.

        Its row is queued before any later write, so whoever commits a record of ``key`` afterwards commits
        both.
        """
        async with self._lock:
            layers = self.get(image_id).layers
            self.snapshots.create(key, layers, storage_opt)

            def change(connection: sqlite3.Connection) -> None:
                connection.execute("INSERT INTO image_snapshots VALUES (?, ?)", (key, " ".join(layers)))
                tables.use_layers(connection, f"snapshot {key}", layers)

            # Waiting costs nothing extra where the next write is the caller's: both share one commit.
            self._database.submit(change).add_done_callback(_seen)

    def mount(self, key: str) -> Path:
        """Show the file system; idempotent. Returns where."""
        if key in self._visits:
            self._kept.add(key)
        return self.snapshots.mount(key)

    def unmount(self, key: str) -> None:
        """Stop showing it; idempotent. Where ``mounted`` is at work, it ends with that."""
        self._kept.discard(key)
        if key not in self._visits:
            self.snapshots.unmount(key)

    async def discard(self, key: str) -> None:
        """Remove the writable layer and everything in it; idempotent."""
        await self._tasks.finish("discard", self._discard(key))

    async def _discard(self, key: str) -> None:
        async with self._lock:
            pinned = self.leases.pinned()
            directory = self.snapshots.forget(key)

            def change(connection: sqlite3.Connection) -> Sequence[Digest]:
                connection.execute("DELETE FROM image_snapshots WHERE key = ?", (key,))
                tables.drop_uses(connection, f"snapshot {key}")
                return tables.collect_layers(connection, pinned)

            garbage = await self._database.write(change)
            trash = await self._withdraw(garbage)
            hidden = self.layers.trash(directory)
        await asyncio.to_thread(self.layers.empty_trash, [*trash, *([hidden] if hidden else [])])

    def upper(self, key: str) -> Path:
        """The directory that holds what the container wrote."""
        return self.snapshots.upper(key)

    def lowers(self, key: str) -> tuple[Path, ...]:
        """The directories below, topmost first; mounted if need be."""
        return tuple(self.snapshots.lowers(key))

    def rootfs(self, key: str) -> Path:
        """Where ``mount`` shows the file system."""
        return self.snapshots.rootfs(key)

    def snapshot_keys(self) -> frozenset[str]:
        """Every snapshot; what the engine has no container for is to be discarded."""
        return self.snapshots.keys()

    async def usage(self, key: str) -> int:
        """Bytes that the container wrote, as ``ps -s`` shows them."""
        return await asyncio.to_thread(tree_size, self.snapshots.upper(key))

    async def changes(self, key: str) -> Sequence[Change]:
        """What the container changed, sorted by path."""
        lowers = self.snapshots.lowers(key)
        return await asyncio.to_thread(find_changes, self.snapshots.upper(key), lowers)

    @contextlib.asynccontextmanager
    async def view(self, image_id: Digest) -> AsyncIterator[Path]:
        """The files of an image, read-only, until the end of the block."""
        async with self.lease():
            with self._views.open(self.get(image_id).layers) as directory:
                yield directory

    @contextlib.asynccontextmanager
    async def mounted(self, key: str) -> AsyncIterator[Path]:
        """The file system, mounted for the time unless it is mounted anyway."""
        if key not in self._visits and self.snapshots.is_mounted(key):
            self._kept.add(key)  # its owner may let go of it while we are at work
        self._visits[key] = self._visits.get(key, 0) + 1
        try:
            yield self.snapshots.mount(key)
        finally:
            self._visits[key] -= 1
            if not self._visits[key]:
                del self._visits[key]
                if key not in self._kept:
                    self.snapshots.unmount(key)
                self._kept.discard(key)


def _seen(future: "asyncio.Future[None]") -> None:
    """A failure of the row reaches the caller's own write, which is in the same commit or fails alike."""
    if not future.cancelled():
        future.exception()


def _insert(connection: sqlite3.Connection, new: NewImage, record: Image, now: int) -> None:
    if new.hidden:
        tables.hide_new(connection, record.id)
    else:
        tables.show(connection, record.id)
    tables.insert_image(connection, record.id, record.parent, record.size, now, record.owner)
    tables.use_layers(connection, f"image {record.id}", record.layers)
    for ref in new.names:
        tables.set_name(connection, ref, record.id, now)


def _stored_ref(repository: str, suffix: str) -> ImageRef:
    domain, _, path = repository.partition("/")
    if suffix.startswith("@"):
        return ImageRef(domain, path, None, Digest(suffix[1:]))
    return ImageRef(domain, path, suffix[1:])


def _choose_forms(root: Path, exec_root: Path, wanted: str) -> list[LayerForm]:
    """The form for new layers first; the other follows, for layers that are stored already."""
    erofs, directory = ErofsForm(), DirectoryForm()
    if wanted == "directory":
        return [directory, erofs]
    if wanted not in ("auto", "erofs"):
        raise InvalidArgument(f"unknown layer form {wanted!r}: use auto, erofs or directory")
    if can_mount_in(root, exec_root):
        return [erofs, directory]
    if wanted == "erofs":
        raise Unsupported("this kernel cannot mount an erofs file: layers in erofs form need Linux 6.12")
    return [directory, erofs]
