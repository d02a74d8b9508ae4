"""Small immutable documents by digest: image configurations and manifests.

On disk, below the image root::

    ingest/<random>            being written; removed when the store opens
    blobs/sha256/<64 hex>      complete, verified and on disk

A blob becomes visible by rename, after its bytes are on disk; so it is there whole or not at all.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from berth.base.digest import Digest, digest_hex
from berth.base.errors import InvalidArgument, NotFound


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Ingest:
    """One blob being written. Leaving the ``with`` block without ``commit`` throws it away."""

    def __init__(self, store: "ContentStore", path: Path) -> None:
        self._store = store
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``."""
        self._hash.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def commit(self, expected: Digest | None = None) -> Digest:
        """Make the blob visible and durable under its digest; InvalidArgument when it is not ``expected``."""
        digest = Digest("sha256:" + self._hash.hexdigest())
        if expected is not None and digest != expected:
            raise InvalidArgument(f"wrong digest: expected {expected}, got {digest}")
        fsync_directory(self.place().parent)
        return digest

    def place(self) -> Path:
        """Give the blob its name, which is not durable before its directory is; returns where it is."""
        os.fsync(self._fd)
        target = self._store.path(Digest("sha256:" + self._hash.hexdigest()))
        os.rename(self._path, target)
        return target

    def close(self) -> None:
        """Release the file; what was not committed is removed."""
        if self._fd < 0:
            return
        os.close(self._fd)
        self._fd = -1
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ContentStore:
    """Blobs below one directory; see the module for the layout. Calls block for as long as the disk does."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs" / "sha256"
        self._ingest = root / "ingest"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._ingest.mkdir(parents=True, exist_ok=True)

    def path(self, digest: Digest) -> Path:
        """Where the blob is or would be."""
        return self._blobs / digest_hex(digest)

    def open_ingest(self) -> Ingest:
        """Begin a blob."""
        return Ingest(self, self._ingest / secrets.token_hex(8))

    def put(self, data: bytes) -> Digest:
        """Store ``data`` durably and return its digest; free when it is there already."""
        digest = Digest("sha256:" + hashlib.sha256(data).hexdigest())
        if self.path(digest).exists():
            return digest
        with self.open_ingest() as ingest:
            ingest.write(data)
            return ingest.commit(digest)

    def put_all(self, blobs: Iterable[bytes]) -> None:
        """``put`` each of them, with one wait for their names instead of one each."""
        new = {Digest("sha256:" + hashlib.sha256(data).hexdigest()): data for data in blobs}
        with contextlib.ExitStack() as stack:
            open_ones = []
            for digest, data in new.items():
                if not self.path(digest).exists():
                    ingest = stack.enter_context(self.open_ingest())
                    ingest.write(data)
                    open_ones.append(ingest)
            for ingest in open_ones:
                ingest.place()
            if open_ones:
                fsync_directory(self._blobs)

    def get(self, digest: Digest) -> bytes:
        """The bytes of a blob; NotFound when it is not there."""
        try:
            return self.path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"content {digest} not found") from None

    def __contains__(self, digest: Digest) -> bool:
        return self.path(digest).exists()

    def __iter__(self) -> Iterator[Digest]:
        with contextlib.suppress(FileNotFoundError):
            yield from (Digest(f"sha256:{name}") for name in os.listdir(self._blobs))

    def delete(self, digest: Digest) -> None:
        """Remove a blob, if it is there."""
        self.path(digest).unlink(missing_ok=True)
