"""A file that one thread appends to and another one follows, here or in another process."""

import os
import threading
from pathlib import Path

from berth.base.errors import Internal, Unavailable

_PIECE = 1 << 20
ENOUGH = 1 << 20
"""A follower is not woken for less, unless it is all that was missing."""


class Aborted(Exception):
    """The follower learns that the rest will not come."""


class GrowingFile:
    """``size`` bytes that begin at ``offset`` of a file; ``written`` of them are there.

    Appended to by one thread at a time, followed by one other. Both block.
    """

    def __init__(self, path: Path, size: int, offset: int = 0) -> None:
        """Open the file, making it when it is not there. What it has behind ``offset`` counts as written."""
        self.path = path
        self.size = size
        self.offset = offset
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._changed = threading.Condition()
        self._aborted = False
        self._position = 0
        self._wanted = 0
        have = max(0, os.fstat(self._fd).st_size - offset)
        if have > size:
            os.ftruncate(self._fd, offset)
            have = 0
        self.written = have

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes and let the follower have them. Unavailable when the disk is full."""
        view = memoryview(data)
        position = self.written
        try:
            while view:
                count = os.pwrite(self._fd, view, self.offset + position)
                position += count
                view = view[count:]
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Unavailable(
                f"write {self.path}: {reason}", hint="free some space, then try again: what has come is kept"
            ) from error
        with self._changed:
            self.written = position
            if position >= self._wanted:
                self._changed.notify()

    def wait(self, position: int) -> int:
        """How much is there, once it is worth reading on from ``position``. Aborted when it will not come."""
        with self._changed:
            self._wanted = min(position + ENOUGH, self.size)
            while self.written < self._wanted and not self._aborted:
                self._changed.wait()
            if self._aborted:
                raise Aborted
            return self.written

    def next_chunk(self) -> bytes:
        """The next bytes, waiting for them; empty at the end. Aborted when they will not come."""
        available = self.wait(self._position) - self._position
        chunk = os.pread(self._fd, min(available, _PIECE), self.offset + self._position)
        if len(chunk) < min(available, 1):
            raise Internal(f"{self.path} was shortened from outside")
        self._position += len(chunk)
        return chunk

    def abort(self) -> None:
        """Tell the follower that nothing more will come."""
        with self._changed:
            self._aborted = True
            self._changed.notify()

    def restart(self) -> None:
        """Begin anew: what is here was no good. The old follower must have ended."""
        os.ftruncate(self._fd, self.offset)
        self.written = self._position = 0
        self._aborted = False

    def close(self) -> None:
        """Release the file; what it holds stays."""
        os.close(self._fd)
