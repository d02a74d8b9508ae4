"""Reading an archive of images once, front to back: documents are kept, layers are stored as they pass.

``docker save`` puts its manifest last, so while a layer passes nobody knows yet whether it is needed.
Small JSON files are kept in memory, everything that looks like a layer is written down as it passes and
assembled meanwhile, several layers at a time; the rest is passed over. What the documents then do not name
is thrown away with the staging.
"""

import json
import posixpath
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from berth.base.digest import Digest, sha256
from berth.base.errors import BerthError, InvalidArgument
from berth.base.ids import short_id
from berth.image.compression import Inflow, detect
from berth.image.layers import Landing, StagedLayer, Staging
from berth.image.model import LayerInfo, Progress
from berth.image.tar.entry import BLOCK, HARD_LINK, REGULAR, SYMLINK, TarEntry
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource, NextChunk

_DOCUMENT_LIMIT = 8 << 20
_DOCUMENTS_LIMIT = 256 << 20
_BLOBS = "blobs/sha256/"
_LINK_DEPTH = 8
_LAYERS_AT_A_TIME = 4


class LayerFile(NamedTuple):
    """A member that was a layer: staged, or ``known`` because it is stored already, or not usable."""

    staged: StagedLayer | None
    known: LayerInfo | None
    blob_digest: Digest | None
    error: BerthError | None


class Archive:
    """What passed. Names are clean paths without a leading slash."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.layers: dict[str, LayerFile] = {}
        self._links: dict[str, str] = {}

    def add_link(self, name: str, target: str) -> None:
        """``name`` is another name for ``target``: docker save links layers that occur twice."""
        self._links[name] = target

    def real_name(self, name: str) -> str:
        """Where links lead."""
        name = clean(name)
        for _ in range(_LINK_DEPTH):
            if name not in self._links:
                return name
            name = self._links[name]
        raise InvalidArgument(f"invalid archive: {name!r} is a link without an end")

    def document(self, name: str) -> bytes:
        """A document; InvalidArgument when the archive has none of that name."""
        try:
            return self.documents[self.real_name(name)]
        except KeyError:
            raise InvalidArgument(f"invalid archive: {name!r} is named and not there") from None

    def layer(self, name: str) -> LayerFile:
        """A layer; InvalidArgument when the archive has none of that name, or a broken one."""
        file = self.layers.get(self.real_name(name))
        if file is None:
            raise InvalidArgument(f"invalid archive: layer {name!r} is named and not there")
        if file.error is not None:
            raise InvalidArgument(f"invalid archive: layer {name!r}: {file.error}")
        return file


class _Following(NamedTuple):
    """A layer that is written down by one thread and assembled by another."""

    landing: Landing
    future: "Future[StagedLayer]"

    def result(self) -> LayerFile:
        """Wait for it."""
        try:
            staged = self.future.result()
        except BerthError as error:
            return LayerFile(None, None, None, error)
        return LayerFile(staged, None, staged.blob_digest, None)


def clean(name: str) -> str:
    """A member's name in one form; ``..`` never leads out, since names are only compared."""
    return posixpath.normpath("/" + name).lstrip("/")


class ArchiveReader:
    """Reads in a thread; ``find_layer`` says whether a layer is stored already."""

    def __init__(
        self, staging: Staging, find_layer: Callable[[Digest], LayerInfo | None], progress: Progress
    ) -> None:
        self._staging = staging
        self._find_layer = find_layer
        self._progress = progress
        self._archive = Archive()
        self._kept = 0
        self._threads = ThreadPoolExecutor(_LAYERS_AT_A_TIME, thread_name_prefix="load")
        self._following: dict[str, _Following] = {}

    def read(self, next_chunk: NextChunk) -> Archive:
        """Read everything. InvalidArgument when it is no archive or ends too early."""
        try:
            self._read(next_chunk)
            for name, following in self._following.items():
                self._archive.layers[name] = following.result()
            return self._archive
        finally:
            for following in self._following.values():
                following.landing.blob.abort()
                following.future.cancel()
            self._threads.shutdown()
            for following in self._following.values():
                following.landing.close()

    def _read(self, next_chunk: NextChunk) -> None:
        source = ChunkSource(Inflow(next_chunk).next_chunk)
        reader = TarReader(source)
        for entry in reader:
            name = clean(entry.name)
            if entry.kind == SYMLINK:
                self._archive.add_link(name, clean(posixpath.join(posixpath.dirname(name), entry.link)))
            elif entry.kind == HARD_LINK:
                self._archive.add_link(name, clean(entry.link))
            elif entry.kind == REGULAR and entry.sparse is None and entry.size:
                self._file(name, entry, reader.pieces())
        source.drain()

    def _file(self, name: str, entry: TarEntry, pieces: Iterator[memoryview]) -> None:
        head = bytes(next(pieces))
        while len(head) < min(BLOCK, entry.size):
            head += next(pieces)
        if head.lstrip()[:1] in (b"{", b"[") and entry.size <= _DOCUMENT_LIMIT:
            self._document(name, entry, head, pieces)
        elif detect(head) or _looks_like_tar(head):
            self._layer(name, entry, head, pieces)

    def _document(self, name: str, entry: TarEntry, head: bytes, pieces: Iterator[memoryview]) -> None:
        self._kept += entry.size
        if self._kept > _DOCUMENTS_LIMIT:
            raise InvalidArgument("invalid archive: too many documents")
        self._archive.documents[name] = head + b"".join(pieces)

    def _layer(self, name: str, entry: TarEntry, head: bytes, pieces: Iterator[memoryview]) -> None:
        pending = [memoryview(head)]

        def next_chunk() -> memoryview:
            return pending.pop() if pending else next(pieces, memoryview(b""))

        label = short_id(name.removeprefix(_BLOBS).rpartition("/layer.tar")[0] or name.removeprefix(_BLOBS))
        known = self._stored(name)
        if known is not None:
            self._archive.layers[name] = self._compare(known, next_chunk)
            return

        def seen(count: int) -> None:
            self._progress.update(label, "Loading layer", count, entry.size)

        landing = self._staging.landing(entry.size, plain=not detect(head))
        following = self._threads.submit(self._staging.follow_landing, landing, seen)
        self._following[name] = _Following(landing, following)
        while (chunk := next_chunk()) and not following.done():
            landing.blob.append(chunk)

    def _stored(self, name: str) -> LayerInfo | None:
        """Newer archives name a plain layer by its digest: a stored one need not be unpacked again."""
        if not name.startswith(_BLOBS):
            return None
        return self._find_layer(Digest("sha256:" + name[len(_BLOBS) :]))

    def _compare(self, known: LayerInfo, next_chunk: Callable[[], memoryview]) -> LayerFile:
        import hashlib

        digest = hashlib.sha256()
        while chunk := next_chunk():
            digest.update(chunk)
        found = Digest("sha256:" + digest.hexdigest())
        if found != known.diff_id:
            error = InvalidArgument(f"wrong digest: expected {known.diff_id}, got {found}")
            return LayerFile(None, None, found, error)
        return LayerFile(None, known, found, None)


def _looks_like_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar" or not head.strip(b"\0") or _plausible_v7(head)


def _plausible_v7(head: bytes) -> bool:
    from berth.image.tar import header
    from berth.image.tar.entry import TarError

    if len(head) < BLOCK:
        return False
    try:
        header.check(head[:BLOCK])
    except TarError:
        return False
    return True


def check_blob(name: str, data: bytes) -> None:
    """A document that is stored under its digest must have it."""
    if name.startswith(_BLOBS):
        expected = Digest("sha256:" + name[len(_BLOBS) :])
        found = sha256(data)
        if found != expected:
            raise InvalidArgument(f"wrong digest: expected {expected}, got {found}")


def decode_json_object(data: bytes, what: str) -> dict[str, object]:
    """An untyped object, for the one format that has names as keys."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidArgument(f"invalid {what}") from None
    if not isinstance(value, dict):
        raise InvalidArgument(f"invalid {what}")
    return value
