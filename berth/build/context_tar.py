"""A tar as a build context: nothing is unpacked, contents go into the store and names into a listing.

So no name in it can lead anywhere: it is only compared with other names.
"""

import posixpath
from collections.abc import Callable, Iterator

from berth.base.errors import InvalidArgument
from berth.build.files import FileStore
from berth.build.listing import Listing, complete
from berth.build.sparse import expanded
from berth.build.tree import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, LINK, Entry
from berth.image.compression import Inflow
from berth.image.limits import Meter
from berth.image.tar import entry as tar
from berth.image.tar.entry import TarEntry
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource, NextChunk

_KINDS = {
    tar.REGULAR: FILE, tar.DIRECTORY: DIRECTORY, tar.SYMLINK: LINK, tar.FIFO: FIFO,
    tar.CHARACTER: CHARACTER, tar.BLOCK_DEVICE: BLOCK,
}  # fmt: skip
_ENTRIES = 4_000_000


def metered(next_chunk: NextChunk, meter: Meter) -> Callable[[], bytes | memoryview]:
    """The plain bytes of an archive, compressed or not; InvalidArgument for a bomb."""

    def counted() -> bytes | memoryview:
        chunk = next_chunk()
        meter.compressed += len(chunk)
        return chunk

    inflow = Inflow(counted)

    def plain() -> bytes | memoryview:
        chunk = inflow.next_chunk()
        meter.count(len(chunk))
        return chunk

    return plain


def read_context(store: FileStore, next_chunk: NextChunk) -> Listing:
    """Store everything of an archive, compressed or not. InvalidArgument for what is none, or is hostile."""
    meter = store.meter()
    source = ChunkSource(metered(next_chunk, meter))
    reader = TarReader(source)
    found: dict[str, Entry] = {}
    root = Entry("", DIRECTORY)
    for count, member in enumerate(reader):
        if count >= _ENTRIES:
            raise InvalidArgument(f"the context has more than {_ENTRIES} entries")
        path = member_path(member.name)
        entry = _entry(store, member, path, reader.pieces(), found, meter)
        if path:
            found[path] = entry
        elif entry.kind == DIRECTORY:
            root = entry
    source.drain()
    return Listing(complete(found.values()), store.files, root)


def member_path(name: str) -> str:
    """A member's name as a path of a listing; InvalidArgument when it leads out."""
    path = posixpath.normpath(name.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise InvalidArgument(f'invalid context: "{name[:200]}" is outside of it')
    return "" if path == "." else path


def _entry(
    store: FileStore,
    member: TarEntry,
    path: str,
    pieces: Iterator[memoryview],
    found: dict[str, Entry],
    meter: Meter,
) -> Entry:
    if member.kind == tar.HARD_LINK:
        first = found.get(member_path(member.link))
        if first is None or first.kind == DIRECTORY:
            raise InvalidArgument(f"invalid context: {path!r} is a link to {member.link!r}, which is no file")
        if first.inode is None and first.kind == FILE:
            first = found[first.path] = first._replace(inode=(0, member.header_offset + 1))
        return first._replace(path=path)
    kind = _KINDS.get(member.kind)
    if kind is None:
        raise InvalidArgument(f"unhandled tar header type {ord(member.kind)}")
    entry = Entry(path, kind, member.mode, member.uid, member.gid, mtime_ns=member.mtime_ns)
    if kind == FILE:
        stored = store.put(contents(member, pieces, meter))
        return entry._replace(digest=stored.digest, size=stored.size)
    if kind == LINK:
        return entry._replace(link=member.link)
    return entry._replace(device=(member.major, member.minor))


def contents(member: TarEntry, pieces: Iterator[memoryview], meter: Meter) -> Iterator[bytes | memoryview]:
    """A member's bytes; holes of a sparse one are zeros, which count as they would on the disk."""
    if member.sparse is None:
        return pieces
    return _filled(member, pieces, meter)


def _filled(member: TarEntry, pieces: Iterator[memoryview], meter: Meter) -> Iterator[bytes | memoryview]:
    for piece in expanded(member, pieces):
        meter.count(len(piece))
        yield piece
