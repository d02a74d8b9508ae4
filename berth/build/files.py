"""File contents by digest: what contexts and downloads bring, each once.

On disk, below the store's root::

    ingest/<random>          being written; removed when the store opens
    files/<2>/<64 hex>       complete

A file is there whole or not at all: it gets its name by one rename. Names are not synced one by one, which
would cost a disk flush for each small file. What a crash of the daemon leaves is whole, since the kernel
has it; after a crash of the machine (a new boot without the mark of an orderly end) everything is dropped:
it is a cache, and the next build sends its files again.
"""

import contextlib
import hashlib
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from berth.base.digest import Digest, digest_hex
from berth.image.limits import DEFAULT_LIMITS, Limits, Meter
from berth.kernel.removal import remove_tree
from berth.kernel.sync import sync_filesystem

_SMALL = 1 << 20
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_CLEAN = "clean"
_BOOT = "boot"


class Stored(NamedTuple):
    """What was put in."""

    digest: Digest
    size: int


class FileStore:
    """See the module. Calls block; those that write belong in a thread."""

    def __init__(self, root: Path, boot: str, limits: Limits = DEFAULT_LIMITS) -> None:
        """Open the store. ``boot`` identifies this run of the machine's kernel."""
        self.files = root / "files"
        self._root = root
        self._ingest = root / "ingest"
        self._limits = limits
        self._lock = threading.Lock()
        """Held while a file is found to be needed again, and while one is found not to be."""
        self.written = 0
        """Bytes that were new since the store was opened."""
        remove_tree(self._ingest)
        mark = root / _BOOT
        same_boot = mark.exists() and mark.read_text() == boot
        if not same_boot and not (root / _CLEAN).exists():
            remove_tree(self.files)
        (root / _CLEAN).unlink(missing_ok=True)
        for directory in (self.files, self._ingest):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.write_text(boot)

    def close(self) -> None:
        """Make everything durable, so that the next boot may keep it."""
        sync_filesystem(self._root)
        (self._root / _CLEAN).touch()
        sync_filesystem(self._root)

    def path(self, digest: str) -> str:
        """Where content is or would be."""
        return stored_path(self.files, digest)

    def has(self, digest: str) -> bool:
        """Whether content is there."""
        return os.path.exists(self.path(digest))

    def meter(self) -> Meter:
        """A measure for one upload: counts what comes and looks at the disk."""
        return Meter(self._limits, self._root)

    def put(self, pieces: Iterable[bytes | memoryview]) -> Stored:
        """Store what ``pieces`` give; nothing remains when they fail."""
        head: list[bytes | memoryview] = []
        size = 0
        rest = iter(pieces)
        for piece in rest:
            head.append(piece)
            size += len(piece)
            if size >= _SMALL:
                return self._put_large(head, rest)
        data = b"".join(head)
        digest = Digest("sha256:" + hashlib.sha256(data).hexdigest())
        target = self.path(digest)
        try:
            with self._lock:
                os.utime(target)  # needed again: not the next one to go
        except FileNotFoundError:
            self._write(target, data)
        return Stored(digest, size)

    def _put_large(self, head: list[bytes | memoryview], rest: Iterable[bytes | memoryview]) -> Stored:
        state = hashlib.sha256()
        size = 0
        temporary = self._ingest / secrets.token_hex(8)
        fd = os.open(temporary, _CREATE, 0o600)
        try:
            for source in (head, rest):
                for piece in source:
                    state.update(piece)
                    size += len(piece)
                    _write_all(fd, piece)
            digest = Digest("sha256:" + state.hexdigest())
            _place(temporary, self.path(digest))
            self.written += size
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        return Stored(digest, size)

    def _write(self, target: str, data: bytes) -> None:
        temporary = self._ingest / secrets.token_hex(8)
        fd = os.open(temporary, _CREATE, 0o600)
        try:
            _write_all(fd, data)
            _place(temporary, target)
            self.written += len(data)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)

    def replace(self, path: Path, data: bytes) -> None:
        """Write a small file anew at once; nobody ever sees a part of it, nor a temporary one beside it."""
        temporary = self._ingest / secrets.token_hex(8)
        temporary.write_bytes(data)
        os.rename(temporary, path)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty directory until the end of the block."""
        directory = self._ingest / secrets.token_hex(8)
        directory.mkdir(mode=0o700)
        try:
            yield directory
        finally:
            remove_tree(directory)

    def usage(self) -> int:
        """Bytes of everything stored."""
        return sum(size for _, size in self._scan())

    def sweep(self, keep: frozenset[str], older_than: float) -> int:
        """Delete what ``keep`` does not name and was stored before ``older_than`` (seconds since the epoch).

        Returns the bytes that this gave back.
        """
        freed = 0
        for path, size in self._scan():
            if "sha256:" + path.name in keep or path.stat().st_mtime >= older_than:
                continue
            with self._lock:
                # Only now is it certain that nobody has needed it again just now.
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    freed += size
        return freed

    def _scan(self) -> Iterable[tuple[Path, int]]:
        for directory in os.scandir(self.files):
            with os.scandir(directory.path) as entries:
                for entry in entries:
                    yield Path(entry.path), entry.stat().st_size


def stored_path(files: Path, digest: str) -> str:
    """Where content of a digest is or would be, below the directory of a store's files."""
    value = digest_hex(Digest(digest))
    return f"{files}/{value[:2]}/{value}"  # a Path would cost more than to look whether it is there


def _place(temporary: Path, target: str) -> None:
    try:
        os.rename(temporary, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        os.rename(temporary, target)


def _write_all(fd: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
