"""Where archives are read from: a stream of chunks, or a range of a file that need not be read whole."""

import os
from collections.abc import Callable, Iterator
from typing import Protocol

from berth.image.tar.entry import TarError

_PIECE = 1 << 20
_WINDOW = 16 << 10


class ByteSource(Protocol):
    """A sequence of bytes read once, front to back. ``position`` counts the bytes that were taken."""

    position: int

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes, fewer only at the end."""

    def pieces(self, count: int) -> Iterator[memoryview]:
        """The next ``count`` bytes as they come; TarError when the source ends before."""

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes; TarError when the source ends before."""

    def drain(self) -> None:
        """Pass over everything that is left."""


NextChunk = Callable[[], bytes | memoryview]


class ChunkSource:
    """Bytes from a function that returns the next chunk, empty at the end."""

    def __init__(self, next_chunk: NextChunk) -> None:
        self._next_chunk = next_chunk
        self._chunk = memoryview(b"")
        self._at = 0
        self.position = 0

    def _available(self) -> int:
        left = len(self._chunk) - self._at
        if left:
            return left
        self._chunk, self._at = memoryview(self._next_chunk()), 0
        return len(self._chunk)

    def take(self, count: int) -> bytes:
        """See ByteSource."""
        start = self._at
        if len(self._chunk) - start >= count:
            self._at = start + count
            self.position += count
            return bytes(self._chunk[start : start + count])
        return b"".join(self._some(count))

    def _some(self, count: int) -> Iterator[memoryview]:
        while count:
            have = min(self._available(), count)
            if not have:
                return
            piece = self._chunk[self._at : self._at + have]
            self._at += have
            self.position += have
            count -= have
            yield piece

    def pieces(self, count: int) -> Iterator[memoryview]:
        """See ByteSource."""
        end = self.position + count
        yield from self._some(count)
        if self.position < end:
            raise TarError("unexpected EOF: the archive is truncated")

    def skip(self, count: int) -> None:
        """See ByteSource."""
        for _ in self.pieces(count):
            pass

    def drain(self) -> None:
        """See ByteSource."""
        while self._available():
            self.skip(self._available())


class FileSource:
    """The bytes ``start`` to ``start + length`` of an open file; passing over costs nothing."""

    def __init__(self, fd: int, start: int, length: int) -> None:
        self._fd = fd
        self._start = start
        self._length = length
        self._window = b""
        self._window_at = 0
        self.position = 0

    def take(self, count: int) -> bytes:
        """See ByteSource."""
        count = min(count, self._length - self.position)
        offset = self.position - self._window_at
        if offset < 0 or offset + count > len(self._window):
            # Headers lie close together in archives of small files: read some of what follows too.
            want = min(max(count, _WINDOW), self._length - self.position)
            self._window = os.pread(self._fd, want, self._start + self.position)
            self._window_at, offset = self.position, 0
        self.position += count
        return self._window[offset : offset + count]

    def pieces(self, count: int) -> Iterator[memoryview]:
        """See ByteSource."""
        if self.position + count > self._length:
            raise TarError("unexpected EOF: the archive is truncated")
        while count:
            data = os.pread(self._fd, min(count, _PIECE), self._start + self.position)
            self.position += len(data)
            count -= len(data)
            yield memoryview(data)

    def skip(self, count: int) -> None:
        """See ByteSource."""
        if self.position + count > self._length:
            raise TarError("unexpected EOF: the archive is truncated")
        self.position += count

    def drain(self) -> None:
        """See ByteSource."""
        self.position = self._length
