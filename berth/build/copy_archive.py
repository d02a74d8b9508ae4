"""ADD of an archive: its members go into a directory of the destination, as if that were their root.

Rules of Docker's unpacking (compared with 20.10 and 28.5): what the archive says of its own root is ignored,
links among the parents are followed inside the directory, and a later member replaces an earlier one.
"""

import posixpath
from collections.abc import Iterator

from berth.base.errors import InvalidArgument
from berth.build.destination import Destination, Pieces
from berth.build.sparse import expanded
from berth.build.tree import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, LINK, Entry, join, resolve
from berth.image.compression import Inflow
from berth.image.limits import DEFAULT_LIMITS
from berth.image.tar import entry as tar
from berth.image.tar.entry import TarEntry
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource, NextChunk

_KINDS = {
    tar.REGULAR: FILE, tar.DIRECTORY: DIRECTORY, tar.SYMLINK: LINK, tar.FIFO: FIFO,
    tar.CHARACTER: CHARACTER, tar.BLOCK_DEVICE: BLOCK,
}  # fmt: skip
_KEPT_XATTRS = ("security.capability", "user.")


def is_archive(next_chunk: NextChunk) -> bool:
    """Whether the data begin with a member of a tar, compressed in any known way."""
    try:
        reader = TarReader(ChunkSource(Inflow(next_chunk).next_chunk))
        return next(iter(reader), None) is not None
    except InvalidArgument:
        return False


def unpack(target: Destination, base: str, next_chunk: NextChunk, owner: tuple[int, int] | None) -> Pieces:
    """The members below ``base``, a directory that is there. ``owner`` gets everything, None keeps owners.

    InvalidArgument for a broken archive, a name that leads out, and what would be a bomb.
    """
    unpacker = _Unpacker(target, base, owner)
    taken = 0

    def counted() -> bytes | memoryview:
        nonlocal taken
        chunk = next_chunk()
        taken += len(chunk)
        return chunk

    source = ChunkSource(Inflow(counted).next_chunk)
    reader = TarReader(source)
    plain = 0
    for count, entry in enumerate(reader):
        plain += entry.real_size
        bomb = plain > DEFAULT_LIMITS.free_bytes and plain > DEFAULT_LIMITS.ratio * taken
        if bomb or count >= DEFAULT_LIMITS.entries:
            raise InvalidArgument(f"the archive unpacks to more than {plain} bytes: refused as a bomb")
        yield from unpacker.add(entry, reader.pieces())
    source.drain()


class _Unpacker:
    def __init__(self, target: Destination, base: str, owner: tuple[int, int] | None) -> None:
        self._target = target
        self._base = base
        self._inside = target.below(base)
        self._owner = owner

    def add(self, entry: TarEntry, pieces: Iterator[memoryview]) -> Pieces:
        name = _clean(entry.name)
        if not name:
            return
        path = self._place(name)
        yield from self._target.make_directory(path.rpartition("/")[0])
        if entry.kind == tar.HARD_LINK:
            yield from self._link(path, entry)
            return
        kind = _KINDS.get(entry.kind)
        if kind is None:
            raise InvalidArgument(f"unhandled tar header type {ord(entry.kind)}")
        if kind == CHARACTER and not entry.major and not entry.minor:
            raise InvalidArgument(f"cannot unpack {entry.name!r}: this device means a deletion in an image")
        self._make_room(path, kind)
        uid, gid = self._owner or (entry.uid, entry.gid)
        made = Entry(
            path,
            kind,
            entry.mode,
            uid,
            gid,
            size=entry.real_size if kind == FILE else 0,
            mtime_ns=entry.mtime_ns,
            link=entry.link if kind == LINK else "",
            device=(entry.major, entry.minor),
        )
        xattrs = {k: v for k, v in entry.xattrs.items() if k.startswith(_KEPT_XATTRS)}
        content = expanded(entry, pieces) if kind == FILE else None
        yield from self._target.put(made, xattrs, content)

    def _place(self, name: str) -> str:
        """The path of a member: links above it followed, its own name not."""
        folder, _, last = name.rpartition("/")
        return join(self._base, join(resolve(self._inside, folder), last))

    def _make_room(self, path: str, kind: str) -> None:
        there = self._target.find(path)
        if there is not None and there.kind == DIRECTORY and kind != DIRECTORY:
            self._target.remove(path)

    def _link(self, path: str, entry: TarEntry) -> Pieces:
        first = self._place(_clean(entry.link) or "/")
        there = self._target.find(first)
        if there is None or there.kind == DIRECTORY:
            raise InvalidArgument(f"cannot unpack {entry.name!r}: it is a link to {entry.link!r}, no file")
        if first == path:
            return
        if not self._target.written(first):
            # It is in the image below: a link can only be made to what is in the same layer.
            tree = self._target.image
            content = tree.content(there) if there.kind == FILE else None
            yield from self._target.put(there._replace(inode=None), tree.xattrs(there), content)
        self._make_room(path, FILE)
        yield from self._target.link(path, first)


def _clean(name: str) -> str:
    path = posixpath.normpath(name.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise InvalidArgument(f'invalid entry name "{name}"')
    return "" if path == "." else path
