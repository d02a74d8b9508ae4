"""The original archive of a layer that was unpacked into a directory, without storing file contents twice.

Everything in the archive that is not a file's content (headers, padding, the end) is kept, compressed,
with marks where content belongs; the contents are read back from the files. A file that a later member
of the same archive replaced is set aside before it is replaced.

On disk, in the layer's directory::

    split.zst    length-prefixed msgpack: bytes, or [path, [[offset, length] ...]] for the content of a file
    moved        msgpack: {number of a content mark: path below ``aside``}, only when something was replaced
    aside/       what was replaced
"""

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from berth.base.errors import Internal
from berth.image.tar.source import ChunkSource, NextChunk
from berth.kernel.paths import open_in_root

_LENGTH = struct.Struct("<I")
_FLUSH = 64 << 10
_PIECE = 1 << 20
_LEVEL = 1

Piece = tuple[int, int]
_Marks = dict[str, "int | _Marks"]
_Record = bytes | tuple[str, list[Piece]]


class SplitWriter:
    """Records an archive while it is unpacked. ``mark`` names the file that holds the content just read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: BinaryIO = open(directory / "split.zst", "xb")  # noqa: SIM115 - closed by close()
        self._out = zstandard.ZstdCompressor(level=_LEVEL).stream_writer(self._file)
        self._raw = bytearray()
        self._marks: _Marks = {}
        self._count = 0
        self._moved: dict[int, str] = {}

    def raw(self, data: bytes | memoryview) -> None:
        """Bytes that are no content."""
        self._raw += data
        if len(self._raw) >= _FLUSH:
            self._flush()

    def mark(self, path: str, pieces: list[Piece]) -> None:
        """Here the archive had ``pieces`` of the file now at ``path`` of the tree."""
        self._flush()
        self._write((path, pieces))
        *parents, name = path.split("/")
        marks = self._marks
        for parent in parents:
            below = marks.get(parent)
            if not isinstance(below, dict):
                below = marks[parent] = {}
            marks = below
        marks[name] = self._count
        self._count += 1

    def moved(self, path: str, aside: str) -> None:
        """The file or tree at ``path`` has just been moved to ``aside``; the marks for it follow the move."""
        *parents, name = path.split("/")
        marks = self._marks
        for parent in parents:
            below = marks.get(parent)
            if not isinstance(below, dict):
                return
            marks = below
        todo = [(marks.pop(name, None), aside)]
        while todo:
            found, where = todo.pop()
            if isinstance(found, dict):
                todo += [(below, f"{where}/{child}") for child, below in found.items()]
            elif found is not None:
                self._moved[found] = where

    def _flush(self) -> None:
        if self._raw:
            self._write(bytes(self._raw))
            self._raw.clear()

    def _write(self, record: _Record) -> None:
        data = msgspec.msgpack.encode(_fs_encoded(record))
        self._out.write(_LENGTH.pack(len(data)) + data)

    def finish(self) -> None:
        """Write what is pending."""
        self._flush()
        if self._moved:
            table = {number: os.fsencode(path) for number, path in self._moved.items()}
            (self._directory / "moved").write_bytes(msgspec.msgpack.encode(table))
        self._out.flush(zstandard.FLUSH_FRAME)
        self.close()

    def close(self) -> None:
        """Release the file; without ``finish`` it is of no use."""
        self._file.close()


def _fs_encoded(record: _Record) -> object:
    return record if isinstance(record, bytes) else (os.fsencode(record[0]), record[1])


class RecordingSource(ChunkSource):
    """A source that hands everything but contents to a SplitWriter."""

    def __init__(self, next_chunk: NextChunk, split: SplitWriter) -> None:
        super().__init__(next_chunk)
        self._split = split

    def take(self, count: int) -> bytes:
        """See ByteSource."""
        data = super().take(count)
        self._split.raw(data)
        return data

    def skip(self, count: int) -> None:
        """See ByteSource."""
        for piece in self.pieces(count):
            self._split.raw(piece)


def read_split(directory: Path, tree: str) -> Iterator[bytes]:
    """The archive of the layer in ``directory``, whose files are below ``directory/tree``.

    Internal when a file is gone. The caller compares the digest: files may have been tampered with.
    """
    moved: dict[int, bytes] = {}
    if (directory / "moved").exists():
        moved = msgspec.msgpack.decode((directory / "moved").read_bytes(), type=dict[int, bytes])
    with contextlib.ExitStack() as stack:
        base = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, base)
        root = os.open(tree, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=base)
        stack.callback(os.close, root)
        number = 0
        for record in _records(directory / "split.zst"):
            if isinstance(record, bytes):
                yield record
                continue
            path, pieces = record
            fd = (
                _open_content(base, os.fsdecode(moved[number]))
                if number in moved
                else _open_content(root, os.fsdecode(path))
            )
            number += 1
            try:
                yield from _contents(fd, pieces)
            finally:
                os.close(fd)


def _records(path: Path) -> Iterator[bytes | tuple[bytes, list[Piece]]]:
    with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        while head := stream.read(_LENGTH.size):
            data = stream.read(_LENGTH.unpack(head)[0])
            yield msgspec.msgpack.decode(data, type=bytes | tuple[bytes, list[Piece]])


def _open_content(root: int, path: str) -> int:
    try:
        return open_in_root(root, path, os.O_RDONLY | os.O_NOFOLLOW, follow=False)
    except OSError as error:
        raise Internal(f"a layer is damaged: {path}: {error.strerror}") from error


def _contents(fd: int, pieces: list[Piece]) -> Iterator[bytes]:
    for offset, length in pieces:
        end = offset + length
        while offset < end:
            data = os.pread(fd, min(_PIECE, end - offset), offset)
            if not data:
                raise Internal("a layer is damaged: a file is shorter than it was")
            offset += len(data)
            yield data
