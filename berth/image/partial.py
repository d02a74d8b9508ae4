"""Blobs on their way: what has arrived stays on disk whatever happens to the pull; the next one goes on.

On disk, below the image root::

    partial/<64 hex>       the first bytes of the blob with this sha256, as many as have come

Nothing here is trusted: the digest is checked over all bytes when the last one is there. So no byte needs
to be on disk for sure; after a crash of the machine a damaged part is found out, thrown away, and fetched
again. What nobody came back for is removed by ``sweep``.
"""

import contextlib
import os
import threading
import time
from pathlib import Path

from berth.base.digest import Digest, digest_hex
from berth.base.errors import Internal, Unavailable

_PIECE = 1 << 20
_KEEP_S = 7 * 86400.0


class Aborted(Exception):
    """The reader of a blob learns that the rest will not come."""


class Partials:
    """The directory of them."""

    def __init__(self, root: Path) -> None:
        self._directory = root / "partial"
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, digest: Digest, size: int) -> "Partial":
        """The blob's part, empty if nothing has come yet. One opener at a time, which the caller sees to."""
        return Partial(self._directory / digest_hex(digest), size)

    def discard(self, digest: Digest) -> None:
        """Throw the part away."""
        (self._directory / digest_hex(digest)).unlink(missing_ok=True)

    def sweep(self, keep_s: float = _KEEP_S) -> int:
        """Remove the parts that were not touched for ``keep_s`` seconds; returns the bytes that are free."""
        freed = 0
        limit = time.time() - keep_s
        with os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_mtime < limit:
                        os.unlink(entry.path)
                        freed += status.st_size
        return freed


class Partial:
    """One blob: appended to by one thread at a time, read by another that follows. Both block."""

    def __init__(self, path: Path, size: int) -> None:
        self.size = size
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._changed = threading.Condition()
        self._aborted = False
        self._position = 0
        have = os.fstat(self._fd).st_size
        if have > size:
            os.ftruncate(self._fd, 0)
            have = 0
        self.written = have

    def append(self, data: bytes) -> None:
        """Add bytes and let the reader have them. Unavailable when the disk is full."""
        view = memoryview(data)
        position = self.written
        try:
            while view:
                count = os.pwrite(self._fd, view, position)
                position += count
                view = view[count:]
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Unavailable(
                f"write {self._path}: {reason}", hint="free some space, then try again: what has come is kept"
            ) from error
        with self._changed:
            self.written = position
            self._changed.notify()

    def next_chunk(self) -> bytes:
        """The next bytes, waiting for them; empty at the end of the blob. Aborted when they will not come."""
        with self._changed:
            while self._position == self.written < self.size and not self._aborted:
                self._changed.wait()
            if self._aborted:
                raise Aborted
            available = self.written - self._position
        chunk = os.pread(self._fd, min(available, _PIECE), self._position)
        if len(chunk) < min(available, 1):
            raise Internal(f"{self._path} was shortened from outside")
        self._position += len(chunk)
        return chunk

    def abort(self) -> None:
        """Tell the reader that nothing more will come."""
        with self._changed:
            self._aborted = True
            self._changed.notify()

    def restart(self) -> None:
        """Begin anew: what is here was no good. The old reader must have ended."""
        os.ftruncate(self._fd, 0)
        self.written = self._position = 0
        self._aborted = False

    def close(self) -> None:
        """Release the file; what it holds stays."""
        os.close(self._fd)
