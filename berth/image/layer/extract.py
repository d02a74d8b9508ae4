"""Unpacking a layer into a directory, where no member can reach anything outside of it.

Every name is used relative to a descriptor of its parent directory, and the last component is never followed.
Where the archive itself put a link among the parents, the kernel resolves it as if the layer were the root
(openat2, RESOLVE_IN_ROOT), as Docker's chroot does.
"""

import errno
import os
import stat
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from berth.image.layer.member import (
    OPAQUE_XATTR,
    WHITEOUTS_XATTR,
    Kind,
    Member,
    Parts,
    allowed_xattrs,
    classify,
)
from berth.image.layer.split import SplitWriter
from berth.image.tar.entry import BLOCK_DEVICE, CHARACTER, TarEntry, TarError
from berth.kernel.paths import open_in_root

_OPEN_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KEPT_OPEN = 64
_IGNORED_XATTR = frozenset((errno.EOPNOTSUPP, errno.EPERM))


class Extractor:
    """Puts members below ``tree``. ``size`` is the sum of file and link lengths, hard links once."""

    def __init__(self, tree: Path, aside: Path, split: SplitWriter) -> None:
        self._tree = os.path.realpath(tree)
        self._aside = aside
        self._split = split
        self._root = os.open(tree, _OPEN_DIRECTORY)
        self._open: OrderedDict[Parts, tuple[int, str]] = OrderedDict()
        self._times: dict[str, int] = {}
        self._set_aside = 0
        self.size = 0
        self.replaced = False
        """Whether a member took the place of another, so that ``size`` is more than what is there."""
        self.opaque_root = False

    def close(self) -> None:
        """Let go of the directories."""
        self._forget_open()
        os.close(self._root)

    def add(self, entry: TarEntry, pieces: Iterable[memoryview]) -> None:
        """Put one member in place."""
        member = classify(entry)
        if member.kind is Kind.NOTHING:
            return
        try:
            if member.kind is Kind.OPAQUE:
                self._make_opaque(member.parts)
                return
            parent, real = self._parent(member.parts[:-1])
            path = f"{real}/{member.parts[-1]}" if real else member.parts[-1]
            self._put(entry, member, pieces, parent, path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE):
                raise
            raise TarError(f"cannot unpack {entry.name!r}: {error.strerror}") from error

    def _put(
        self, entry: TarEntry, member: Member, pieces: Iterable[memoryview], parent: int, path: str
    ) -> None:
        name = member.parts[-1]
        for _ in range(2):
            try:
                if member.kind is Kind.FILE:
                    self._file(entry, pieces, parent, name, path)
                elif member.kind is Kind.DIRECTORY:
                    self._directory(entry, parent, name, path)
                elif member.kind is Kind.HARD_LINK:
                    self._hard_link(member.target, parent, name)
                else:
                    self._special(entry, member.kind, parent, name)
                return
            except FileExistsError:
                self._replace(parent, name, path)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)

    def finish(self) -> None:
        """Set the times of directories, now that nothing is written into them any more."""
        self._forget_open()
        for path, time_ns in self._times.items():
            try:
                fd = open_in_root(self._root, path, os.O_RDONLY | os.O_DIRECTORY, follow=False)
            except OSError:
                continue  # replaced by something else later in the archive
            try:
                os.utime(fd, ns=(time_ns, time_ns))
            finally:
                os.close(fd)

    # -- directories ---------------------------------------------------------------------------------

    def _parent(self, parts: Parts) -> tuple[int, str]:
        """A descriptor of the directory, made if needed, and its path below the tree without links."""
        if not parts:
            return self._root, ""
        known = self._open.get(parts)
        if known is not None:
            self._open.move_to_end(parts)
            return known
        depth = next((n for n in range(len(parts) - 1, 0, -1) if parts[:n] in self._open), 0)
        fd, real = self._open[parts[:depth]] if depth else (self._root, "")
        for n in range(depth, len(parts)):
            fd, real = self._enter(fd, real, parts[n])
            self._remember(parts[: n + 1], fd, real)
        return fd, real

    def _remember(self, parts: Parts, fd: int, real: str) -> None:
        self._open[parts] = (fd, real)
        if len(self._open) > _KEPT_OPEN:
            # The oldest is never the one just added, nor (at 64 kept) the parent that it came from.
            os.close(self._open.popitem(last=False)[1][0])

    def _enter(self, parent: int, real: str, name: str) -> tuple[int, str]:
        path = f"{real}/{name}" if real else name
        try:
            return os.open(name, _OPEN_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent), path
        except FileNotFoundError:
            os.mkdir(name, 0o755, dir_fd=parent)
            fd = os.open(name, _OPEN_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            os.chown(f"/proc/self/fd/{fd}", 0, 0)
            os.chmod(f"/proc/self/fd/{fd}", 0o755)
            self._times[path] = 0
            return fd, path
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            fd = open_in_root(self._root, path, os.O_PATH | os.O_DIRECTORY)
            return fd, os.path.relpath(os.readlink(f"/proc/self/fd/{fd}"), self._tree)

    def _forget_open(self) -> None:
        for fd, _ in self._open.values():
            os.close(fd)
        self._open.clear()

    def _directory(self, entry: TarEntry, parent: int, name: str, path: str) -> None:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            os.fchown(fd, entry.uid, entry.gid)
            os.fchmod(fd, entry.mode)
            _set_xattrs(fd, entry)
        finally:
            os.close(fd)
        self._times[path] = entry.mtime_ns

    def _make_opaque(self, parts: Parts) -> None:
        if not parts:
            self.opaque_root = True
            return
        fd, _ = self._parent(parts)
        os.setxattr(f"/proc/self/fd/{fd}", OPAQUE_XATTR, b"y")

    # -- everything else -----------------------------------------------------------------------------

    def _file(self, entry: TarEntry, pieces: Iterable[memoryview], parent: int, name: str, path: str) -> None:
        fd = os.open(name, _CREATE, 0o600, dir_fd=parent)
        try:
            if entry.sparse is None:
                for piece in pieces:
                    _write_all(fd, piece)
                extents = [(0, entry.size)]
            else:
                _write_sparse(fd, entry, pieces)
                extents = list(entry.sparse)
            os.fchown(fd, entry.uid, entry.gid)
            os.fchmod(fd, entry.mode)
            _set_xattrs(fd, entry)
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(fd)
        self.size += entry.real_size
        if entry.size:
            self._split.mark(path, extents)

    def _hard_link(self, target: Parts, parent: int, name: str) -> None:
        if not target:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        with self._existing(target[:-1]) as directory:
            os.link(target[-1], name, src_dir_fd=directory, dst_dir_fd=parent, follow_symlinks=False)

    @contextmanager
    def _existing(self, parts: Parts) -> Iterator[int]:
        fd = open_in_root(self._root, "/".join(parts), _OPEN_DIRECTORY)
        try:
            yield fd
        finally:
            os.close(fd)

    def _special(self, entry: TarEntry, kind: Kind, parent: int, name: str) -> None:
        if kind is Kind.WHITEOUT:
            os.mknod(name, stat.S_IFCHR, 0, dir_fd=parent)
            os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
            if parent != self._root:
                os.setxattr(f"/proc/self/fd/{parent}", WHITEOUTS_XATTR, b"")
            return
        if kind is Kind.SYMLINK:
            os.symlink(entry.link, name, dir_fd=parent)
            self.size += len(os.fsencode(entry.link))
        else:
            types = {CHARACTER: stat.S_IFCHR, BLOCK_DEVICE: stat.S_IFBLK}
            mode = types.get(entry.kind, stat.S_IFIFO)
            os.mknod(name, mode | 0o600, os.makedev(entry.major, entry.minor), dir_fd=parent)
        os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if kind is not Kind.SYMLINK:
            # Just made here and no link: chmod by name can't be led astray, nobody else writes here.
            os.chmod(name, entry.mode, dir_fd=parent)
        _set_xattrs(f"/proc/self/fd/{parent}/{name}", entry)
        os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), dir_fd=parent, follow_symlinks=False)

    def _replace(self, parent: int, name: str, path: str) -> None:
        """Make room for a second member of the same name; what was there is set aside for the split."""
        self._forget_open_below(path)
        self.replaced = True
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_size):
            self._aside.mkdir(exist_ok=True)
            number, self._set_aside = self._set_aside, self._set_aside + 1
            os.rename(name, self._aside / str(number), src_dir_fd=parent)
            self._split.moved(path, f"{self._aside.name}/{number}")
            self._times.pop(path, None)
        else:
            os.unlink(name, dir_fd=parent)

    def _forget_open_below(self, path: str) -> None:
        """Only descriptors of what moves away are stale; the parent stays open, it is in use."""
        prefix = path + "/"
        stale = [key for key, (_, real) in self._open.items() if real == path or real.startswith(prefix)]
        for key in stale:
            os.close(self._open.pop(key)[0])


def _write_all(fd: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(fd, piece) :]


def _write_sparse(fd: int, entry: TarEntry, pieces: Iterable[memoryview]) -> None:
    os.ftruncate(fd, entry.real_size)
    extents = iter(entry.sparse or ())
    offset, left = 0, 0
    for piece in pieces:
        while piece:
            while not left:
                offset, left = next(extents)
            written = os.pwrite(fd, piece[:left], offset)
            offset, left, piece = offset + written, left - written, piece[written:]


def _set_xattrs(where: int | str, entry: TarEntry) -> None:
    for name, value in allowed_xattrs(entry).items():
        try:
            if isinstance(where, int):
                os.setxattr(where, name, value)
            else:
                os.setxattr(where, name, value, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _IGNORED_XATTR:
                raise
