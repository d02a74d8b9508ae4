"""The local end of ``cp``: files of this machine as an archive, and an archive as files of this machine.

An archive that comes out of a container is not to be trusted. Nothing below the directory that it is put into
is ever reached through a link, whoever made the link.
"""

import os
import posixpath
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator

from berth.base.errors import BerthError

_PIECE = 256 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE, stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE, stat.S_IFCHR: tarfile.CHRTYPE, stat.S_IFBLK: tarfile.BLKTYPE,
}  # fmt: skip

Rename = Callable[[str], str]


def pack(path: str, shown: str, rename: Rename) -> Iterator[bytes]:
    """``path`` and what is in it as a tar; names begin with ``shown`` and are renamed. No sockets."""
    links: dict[tuple[int, int], str] = {}
    todo = [(path, shown)]
    while todo:
        here, name = todo.pop()
        yield from _member(here, rename(name), links)
        if os.path.isdir(here) and not os.path.islink(here):
            names = sorted(os.listdir(here), reverse=True)
            todo += [(os.path.join(here, child), posixpath.join(name, child)) for child in names]
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(path: str, name: str, links: dict[tuple[int, int], str]) -> Iterator[bytes]:
    status = os.lstat(path)
    kind = _TYPES.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, stat.S_IMODE(status.st_mode)
    info.uid, info.gid, info.mtime = status.st_uid, status.st_gid, int(status.st_mtime)
    inode = (status.st_dev, status.st_ino)
    if kind != tarfile.DIRTYPE and status.st_nlink > 1:
        if inode in links:
            info.type, info.linkname = tarfile.LNKTYPE, links[inode]
            yield _header(info)
            return
        links[inode] = name
    if kind == tarfile.SYMTYPE:
        info.linkname = os.readlink(path)
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    elif kind == tarfile.REGTYPE:
        yield from _regular(path, info)
        return
    yield _header(info)


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _regular(path: str, info: tarfile.TarInfo) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        info.size = os.fstat(file.fileno()).st_size
        yield _header(info)
        left = info.size
        while left and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
    if left:
        raise BerthError(f"{path}: the file became shorter while it was read")
    yield bytes(-info.size % tarfile.BLOCKSIZE)


class _Pieces:
    """What tarfile reads from: pieces as one file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.count = 0

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end."""
        parts = [self._rest]
        have = len(self._rest)
        while have < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            have += len(piece)
        data = b"".join(parts)
        self._rest = data[size:]
        self.count += min(size, have)
        return data[:size]

    def drain(self) -> None:
        """Read to the end, so that a failure of the other side is heard."""
        for piece in self._pieces:
            self.count += len(piece)


def unpack(pieces: Iterable[bytes], directory: str, rename: Rename) -> int:
    """Put an archive into ``directory``, as files of the caller; the number of bytes read.

    A directory is never replaced by something else, nor something else by a directory.
    """
    source = _Pieces(pieces)
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        times: list[tuple[list[str], float]] = []
        with tarfile.open(fileobj=source, mode="r|", errorlevel=2) as archive:  # type: ignore[call-overload]
            for member in archive:
                parts = _parts(rename(member.name))
                if parts:
                    _put(root, parts, member, archive, rename)
                    if member.isdir():
                        times.append((parts, member.mtime))
        source.drain()
        for parts, mtime in reversed(times):
            _set_time(root, parts, mtime)
    except tarfile.TarError as error:
        raise BerthError(f"the archive is broken: {error}") from None
    except OSError as error:
        raise BerthError(f"{error.filename or directory}: {(error.strerror or '').lower()}") from None
    finally:
        os.close(root)
    return source.count


def _parts(name: str) -> list[str]:
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            raise BerthError(f'"{name}" is outside of the destination')
        if part not in ("", "."):
            parts.append(part)
    return parts


def _parent(root: int, parts: list[str]) -> int:
    """A descriptor of the directory, made where it is missing; links are refused."""
    fd = os.dup(root)
    for part in parts:
        try:
            try:
                inner = os.open(part, _DIRECTORY, dir_fd=fd)
            except FileNotFoundError:
                os.mkdir(part, dir_fd=fd)
                inner = os.open(part, _DIRECTORY, dir_fd=fd)
        finally:
            os.close(fd)
        fd = inner
    return fd


def _put(
    root: int, parts: list[str], member: tarfile.TarInfo, archive: tarfile.TarFile, rename: Rename
) -> None:
    parent = _parent(root, parts[:-1])
    try:
        name = parts[-1]
        if _make_room(parent, name, member):
            os.chmod(name, stat.S_IMODE(member.mode), dir_fd=parent)
            return
        if member.isdir():
            os.mkdir(name, 0o700, dir_fd=parent)
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=parent)
            return
        elif member.islnk():
            _link(root, parent, name, _parts(rename(member.linkname)))
            return
        elif member.isreg():
            _write(parent, name, archive, member)
        else:
            kind = stat.S_IFIFO if member.isfifo() else stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            os.mknod(name, kind | 0o600, os.makedev(member.devmajor, member.devminor), dir_fd=parent)
        os.chmod(name, stat.S_IMODE(member.mode), dir_fd=parent)
        if not member.isdir():
            os.utime(name, (member.mtime, member.mtime), dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(parent)


def _make_room(parent: int, name: str, member: tarfile.TarInfo) -> bool:
    """Take away what is in the way; True when it is a directory that may stay."""
    try:
        there = stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
    if there and not member.isdir():
        raise BerthError(f'cannot overwrite directory "{name}" with non-directory "{member.name}"')
    if member.isdir() and not there:
        raise BerthError(f'cannot overwrite non-directory "{name}" with directory "{member.name}"')
    if not there:
        os.unlink(name, dir_fd=parent)
    return there


def _write(parent: int, name: str, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    content = archive.extractfile(member)
    fd = os.open(name, _CREATE, 0o600, dir_fd=parent)
    with os.fdopen(fd, "wb", buffering=0) as file:
        while content is not None and (piece := content.read(_PIECE)):
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]


def _link(root: int, parent: int, name: str, target: list[str]) -> None:
    if not target:
        raise BerthError(f'"{name}" is a link to nothing')
    directory = _parent(root, target[:-1])
    try:
        os.link(target[-1], name, src_dir_fd=directory, dst_dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(directory)


def _set_time(root: int, parts: list[str], mtime: float) -> None:
    fd = _parent(root, parts)
    try:
        os.utime(fd, (mtime, mtime))
    finally:
        os.close(fd)
