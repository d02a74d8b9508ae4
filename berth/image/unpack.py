"""An archive put into a directory of a file system that is in use (``cp`` into a container).

Other processes may change the tree meanwhile, on purpose too. Every path is resolved by the kernel inside
the root (openat2, RESOLVE_IN_ROOT), and what comes back is only used as a descriptor: whatever is swapped,
nothing outside the root can be reached.
"""

import errno
import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.image.compression import Inflow
from berth.image.layer.member import allowed_xattrs
from berth.image.tar.entry import (
    BLOCK_DEVICE,
    CHARACTER,
    DIRECTORY,
    FIFO,
    HARD_LINK,
    REGULAR,
    SYMLINK,
    TarEntry,
)  # fmt: skip
from berth.image.tar.reader import TarReader
from berth.image.tar.source import ChunkSource, NextChunk
from berth.kernel.paths import make_directories_in_root, open_in_root
from berth.kernel.removal import remove_tree

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NODES = {CHARACTER: stat.S_IFCHR, BLOCK_DEVICE: stat.S_IFBLK, FIFO: stat.S_IFIFO}
_KNOWN = frozenset((*_NODES, DIRECTORY, HARD_LINK, REGULAR, SYMLINK))
_IGNORED_XATTR = frozenset((errno.EOPNOTSUPP, errno.EPERM))


class UnpackOptions(NamedTuple):
    """``owner`` gets everything (uid, gid), None keeps the archive's owners. With ``keep_kinds`` a directory
    is never replaced by something else, nor something else by a directory."""

    owner: tuple[int, int] | None = None
    keep_kinds: bool = False


def unpack(root: int, target: str, next_chunk: NextChunk, options: UnpackOptions) -> None:
    """Put the members of an archive, compressed or not, into the directory ``target`` of ``root``.

    InvalidArgument for a broken archive, a name outside of the target, or what cannot be put there.
    Call it in a thread.
    """
    source = ChunkSource(Inflow(next_chunk).next_chunk)
    reader = TarReader(source)
    unpacker = _Unpacker(root, target, options)
    for entry in reader:
        try:
            unpacker.add(entry, reader.pieces())
        except OSError as error:
            raise InvalidArgument(f"cannot copy {entry.name!r}: {(error.strerror or '').lower()}") from error
    source.drain()
    unpacker.finish()


class _Unpacker:
    def __init__(self, root: int, target: str, options: UnpackOptions) -> None:
        self._root = root
        self._target = target.rstrip("/")
        self._options = options
        self._times: dict[str, int] = {}

    def add(self, entry: TarEntry, pieces: Iterable[memoryview]) -> None:
        """Put one member in place."""
        if entry.kind not in _KNOWN:
            raise InvalidArgument(f"unhandled tar header type {ord(entry.kind)}")
        path = self._inside(entry.name, entry.name)
        folder, _, name = path.rpartition("/")
        if not name:
            return  # the target itself
        parent = make_directories_in_root(self._root, f"{self._target}/{folder}")
        try:
            if not self._make_room(parent, name, entry, path):
                self._create(parent, name, entry, pieces)
            if entry.kind == DIRECTORY:
                self._times[path] = entry.mtime_ns
            if entry.kind != HARD_LINK:
                self._dress(parent, name, entry)
        finally:
            os.close(parent)

    def _inside(self, name: str, shown: str) -> str:
        parts: list[str] = []
        for part in name.split("/"):
            if part == "..":
                if not parts:
                    raise InvalidArgument(f'"{shown}" is outside of "{self._target or "/"}"')
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return "/".join(parts)

    def _make_room(self, parent: int, name: str, entry: TarEntry, path: str) -> bool:
        """Take away what is in the way; True when it is a directory that may stay."""
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        there, comes = stat.S_ISDIR(status.st_mode), entry.kind == DIRECTORY
        if there and comes:
            return True
        if self._options.keep_kinds and there != comes:
            where, into = f"{self._target}/{path}", self._target or "/"
            if there:
                raise InvalidArgument(f'cannot overwrite directory "{where}" with non-directory "{into}"')
            raise InvalidArgument(f'cannot overwrite non-directory "{where}" with directory "{into}"')
        if there:
            remove_tree(f"/proc/self/fd/{parent}/{name}")
        else:
            os.unlink(name, dir_fd=parent)
        return False

    def _create(self, parent: int, name: str, entry: TarEntry, pieces: Iterable[memoryview]) -> None:
        if entry.kind == DIRECTORY:
            os.mkdir(name, 0o700, dir_fd=parent)
        elif entry.kind == REGULAR:
            fd = os.open(name, _CREATE, 0o600, dir_fd=parent)
            try:
                _write(fd, entry, pieces)
            finally:
                os.close(fd)
        elif entry.kind == SYMLINK:
            os.symlink(entry.link, name, dir_fd=parent)
        elif entry.kind == HARD_LINK:
            self._link(parent, name, entry)
        else:
            os.mknod(name, _NODES[entry.kind] | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)

    def _link(self, parent: int, name: str, entry: TarEntry) -> None:
        folder, _, base = self._inside(entry.link, entry.link).rpartition("/")
        directory = open_in_root(self._root, f"{self._target}/{folder}", _DIRECTORY)
        try:
            os.link(base, name, src_dir_fd=directory, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(directory)

    def _dress(self, parent: int, name: str, entry: TarEntry) -> None:
        """Owner, mode, attributes and time, by a descriptor of just what was made or found."""
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            kind = stat.S_IFMT(os.fstat(fd).st_mode)
            if kind != _expected(entry):
                return  # somebody has put another thing there
            uid, gid = self._options.owner or (entry.uid, entry.gid)
            if kind == stat.S_IFLNK:
                os.chown(name, uid, gid, dir_fd=parent, follow_symlinks=False)
                os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), dir_fd=parent, follow_symlinks=False)
                return
            path = f"/proc/self/fd/{fd}"
            os.chown(path, uid, gid)
            os.chmod(path, entry.mode)
            for key, value in allowed_xattrs(entry).items():
                try:
                    os.setxattr(path, key, value)
                except OSError as error:
                    if error.errno not in _IGNORED_XATTR:
                        raise
            os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(fd)

    def finish(self) -> None:
        """Set the times of directories, now that nothing is written into them any more."""
        for path, time_ns in self._times.items():
            try:
                fd = open_in_root(self._root, f"{self._target}/{path}", os.O_PATH | os.O_DIRECTORY)
            except OSError:
                continue  # replaced meanwhile
            try:
                os.utime(f"/proc/self/fd/{fd}", ns=(time_ns, time_ns))
            finally:
                os.close(fd)


def _expected(entry: TarEntry) -> int:
    kinds = {DIRECTORY: stat.S_IFDIR, REGULAR: stat.S_IFREG, SYMLINK: stat.S_IFLNK, **_NODES}
    return kinds[entry.kind]


def _write(fd: int, entry: TarEntry, pieces: Iterable[memoryview]) -> None:
    if entry.sparse is not None:
        os.ftruncate(fd, entry.real_size)
    extents = iter(entry.sparse or ((0, entry.size),))
    offset, left = 0, 0
    for piece in pieces:
        while piece:
            while not left:
                offset, left = next(extents)
            written = os.pwrite(fd, piece[:left], offset)
            offset, left, piece = offset + written, left - written, piece[written:]
