"""The one-file form of a layer: its archive, bit for bit, mounted as a file system (Linux 6.12 and later).

On disk, in the layer's directory::

    layer.erofs    see ``erofs``

Removal is one unlink, and ``save`` has the original archive. Nothing is unpacked: a name in the archive can
lead nowhere but into this file system.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from berth.image.content import fsync_directory
from berth.image.layer.erofs import ARCHIVE_START, ErofsWriter
from berth.image.layer.form import Written
from berth.image.layer.tree import Tree
from berth.image.tar.entry import TarError
from berth.image.tar.reader import TarReader
from berth.image.tar.source import FileSource, NextChunk
from berth.kernel.mount import mount_erofs, umount
from berth.kernel.sync import start_writeback

_FILE = "layer.erofs"
_PIECE = 1 << 20
_STRETCH = 8 << 20


class ErofsForm:
    """See LayerForm."""

    name = "erofs"
    landing: tuple[str, int] | None = (_FILE, ARCHIVE_START)

    def write(
        self, next_chunk: NextChunk, directory: Path, entry_limit: int, *, landed: bool = False
    ) -> Written:
        """See LayerForm."""
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_NOFOLLOW if landed else os.O_CREAT | os.O_EXCL)
        fd = os.open(directory / _FILE, flags, 0o600)
        try:
            size = _store(fd, next_chunk, landed=landed)
            tree = Tree()
            for count, entry in enumerate(TarReader(FileSource(fd, ARCHIVE_START, size))):
                if count >= entry_limit:
                    raise TarError(f"the layer has more than {entry_limit} entries")
                tree.add(entry)
            ErofsWriter(fd, size, tree).write(os.urandom(16))
        finally:
            os.close(fd)
        return Written(sum(node.size for node in tree.inodes() if node.children is None), tree.opaque_root)

    def sync(self, directory: Path) -> None:
        """See LayerForm."""
        fd = os.open(directory / _FILE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        fsync_directory(directory)
        fsync_directory(directory.parent)

    def archive(self, directory: Path, tar_size: int) -> Iterator[bytes]:
        """See LayerForm."""
        fd = os.open(directory / _FILE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            offset, end = ARCHIVE_START, ARCHIVE_START + tar_size
            while offset < end:
                data = os.pread(fd, min(_PIECE, end - offset), offset)
                if not data:
                    return  # shorter than recorded: the digest will tell
                offset += len(data)
                yield data
        finally:
            os.close(fd)

    def lower(self, directory: Path, mount_point: Path) -> Path:
        """See LayerForm."""
        try:
            if mount_point.stat().st_dev != mount_point.parent.stat().st_dev:
                return mount_point
        except FileNotFoundError:
            mount_point.mkdir(mode=0o755)
        mount_erofs(directory / _FILE, mount_point)
        return mount_point


def _store(fd: int, next_chunk: NextChunk, *, landed: bool) -> int:
    """Write the archive behind the place of the superblock, unless it has ``landed``; returns its length."""
    offset = started = ARCHIVE_START
    while chunk := next_chunk():
        if landed:
            offset += len(chunk)
        else:
            offset = _write_at(fd, chunk, offset)
        if offset - started >= _STRETCH:
            start_writeback(fd, started, offset - started)
            started = offset
    return offset - ARCHIVE_START


def _write_at(fd: int, data: bytes | memoryview, offset: int) -> int:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
    return offset


def kernel_can_mount(scratch: Path) -> bool:
    """Try it: mount an empty layer in ``scratch``, a directory of the file system in question."""
    layer, target = scratch / "probe", scratch / "probe-mount"
    try:
        layer.mkdir()
        target.mkdir()
        ErofsForm().write(lambda: b"", layer, 1)
        mount_erofs(layer / _FILE, target)
        umount(target)
    except OSError:
        return False
    finally:
        (layer / _FILE).unlink(missing_ok=True)
        for directory in (layer, target):
            if directory.exists():
                directory.rmdir()
    return True


def can_mount_in(root: Path, exec_root: Path) -> bool:
    """Whether layers below ``root`` can be mounted. Tried once per kernel and file system, and kept below
    ``exec_root``: a mount and its end wait for the kernel, 10 to 25 ms."""
    mark = f"{os.uname().release} {root.stat().st_dev}"
    kept = exec_root / "erofs-probe"
    with contextlib.suppress(OSError):
        known, _, answer = kept.read_text(encoding="utf-8").partition("\n")
        if known == mark:
            return answer == "yes"
    scratch = root / "probe"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        able = kernel_can_mount(scratch)
    finally:
        scratch.rmdir()
    kept.write_text(f"{mark}\n{'yes' if able else 'no'}", encoding="utf-8")
    return able
