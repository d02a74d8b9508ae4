"""A directory tree as an archive, read by descriptors so that a tree in use leads nowhere else.

As Docker exports: paths without a leading slash, depth first by name, sockets left out, times in whole
seconds, hard links as links to the first name. With ``whiteouts`` overlayfs's marks of deletion become
the ``.wh.`` files of a layer's archive.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from berth.image.layer.member import OPAQUE_NAME, OPAQUE_XATTR, WHITEOUT_PREFIX
from berth.image.tar.entry import (
    BLOCK_DEVICE,
    CHARACTER,
    DIRECTORY,
    FIFO,
    HARD_LINK,
    REGULAR,
    SYMLINK,
)  # fmt: skip
from berth.image.tar.writer import END, Attributes, header, padding

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20
_KEPT_XATTRS = ("security.capability", "user.")
_KINDS = {
    stat.S_IFLNK: SYMLINK, stat.S_IFCHR: CHARACTER, stat.S_IFBLK: BLOCK_DEVICE, stat.S_IFIFO: FIFO,
    stat.S_IFREG: REGULAR, stat.S_IFDIR: DIRECTORY,
}  # fmt: skip


def pack(tree: Path, *, whiteouts: bool = False) -> Iterator[bytes]:
    """The archive in pieces. Files that vanish or shrink meanwhile are left out or filled with zeros."""
    fd = os.open(tree, _OPEN_DIRECTORY)
    try:
        yield from _Packer(whiteouts=whiteouts).directory(fd, "")
    finally:
        os.close(fd)
    yield END


class _Packer:
    def __init__(self, *, whiteouts: bool) -> None:
        self._whiteouts = whiteouts
        self._first: dict[tuple[int, int], str] = {}

    def directory(self, fd: int, path: str) -> Iterator[bytes]:
        """What is in the directory, itself not included."""
        for name in sorted(os.listdir(fd)):
            try:
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield from self._member(fd, name, path + name, status)

    def _member(self, parent: int, name: str, path: str, status: os.stat_result) -> Iterator[bytes]:
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return
        if self._whiteouts and kind == CHARACTER and status.st_rdev == 0:
            yield header(
                path[: len(path) - len(name)] + WHITEOUT_PREFIX + name, REGULAR, 0, Attributes(0o600)
            )
            return
        if kind == DIRECTORY:
            yield from self._subdirectory(parent, name, path, status)
            return
        inode = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and inode in self._first:
            yield _header(path, HARD_LINK, status, link=self._first[inode])
            return
        if kind == REGULAR:
            yield from self._regular(parent, name, path, status)
        else:
            link = _readlink(parent, name) if kind == SYMLINK else ""
            yield _header(path, kind, status, link=link)
        self._first[inode] = path

    def _subdirectory(self, parent: int, name: str, path: str, status: os.stat_result) -> Iterator[bytes]:
        try:
            fd = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
        except OSError:
            return  # replaced while we looked
        try:
            yield _header(path + "/", DIRECTORY, status, xattrs=_xattrs(fd))
            if self._whiteouts and _is_opaque(fd):
                yield header(f"{path}/{OPAQUE_NAME}", REGULAR, 0, Attributes(0o600))
            yield from self.directory(fd, path + "/")
        finally:
            os.close(fd)

    def _regular(self, parent: int, name: str, path: str, status: os.stat_result) -> Iterator[bytes]:
        try:
            fd = os.open(name, _OPEN_FILE, dir_fd=parent)
        except OSError:
            return
        try:
            yield _header(path, REGULAR, status, size=status.st_size, xattrs=_xattrs(fd))
            left = status.st_size
            while left and (data := os.read(fd, min(left, _PIECE))):
                left -= len(data)
                yield data
            while left:
                # A file that shrank under our hands: the header is out, so its length must be kept.
                yield bytes(min(left, _PIECE))
                left -= min(left, _PIECE)
            yield padding(status.st_size)
        finally:
            os.close(fd)


def _header(
    path: str,
    kind: str,
    status: os.stat_result,
    *,
    size: int = 0,
    link: str = "",
    xattrs: dict[str, bytes] | None = None,
) -> bytes:
    special = kind in (CHARACTER, BLOCK_DEVICE)
    return header(
        path,
        kind,
        size,
        Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns // 10**9),
        link=link,
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if special else (0, 0),
        xattrs=xattrs,
    )


def _readlink(parent: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError:
        return ""


def _xattrs(fd: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(fd, name) for name in os.listxattr(fd) if name.startswith(_KEPT_XATTRS)}
    except OSError:
        return {}


def _is_opaque(fd: int) -> bool:
    try:
        return os.getxattr(fd, OPAQUE_XATTR) == b"y"
    except OSError:
        return False
