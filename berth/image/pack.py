"""A directory tree as an archive, read by descriptors so that a tree in use leads nowhere else.

As Docker exports: paths without a leading slash, a directory before what is in it, by name, sockets left out,
times in whole seconds, hard links as links to the first name. In the archive of a layer overlayfs's marks of
deletion become ``.wh.`` files, and several layers become one.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from berth.image.changes import is_opaque, is_whiteout, lookup
from berth.image.layer.member import OPAQUE_NAME, WHITEOUT_PREFIX
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
from berth.kernel.paths import open_in_root

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20
_REPLACED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_KEPT_XATTRS = ("security.capability", "user.")
_KINDS = {
    stat.S_IFLNK: SYMLINK, stat.S_IFCHR: CHARACTER, stat.S_IFBLK: BLOCK_DEVICE, stat.S_IFIFO: FIFO,
    stat.S_IFREG: REGULAR, stat.S_IFDIR: DIRECTORY,
}  # fmt: skip


def pack(tree: Path, *, clamp: int | None = None) -> Iterator[bytes]:
    """The archive in pieces. Files that vanish or shrink meanwhile are left out or filled with zeros.

    No time in it is later than ``clamp`` (seconds since the epoch).
    """
    yield from _pack((tree,), None, clamp)


def pack_layer(
    trees: Sequence[Path], below: Sequence[Path], *, opaque: bool = False, clamp: int | None = None
) -> Iterator[bytes]:
    """The archive of the one layer that does on ``below`` what the overlayfs directories ``trees`` do.

    Both are topmost first. Marks that hide nothing are left out. With ``opaque`` the layer hides everything.
    No time in it is later than ``clamp`` (seconds since the epoch).
    """
    if opaque:
        yield _mark(OPAQUE_NAME)
    yield from _pack(trees, () if opaque else below, clamp)


def _pack(trees: Sequence[Path], below: Sequence[Path] | None, clamp: int | None) -> Iterator[bytes]:
    with contextlib.ExitStack() as stack:

        def opened(directories: Sequence[Path]) -> tuple[int, ...]:
            fds = []
            for directory in directories:
                fds.append(os.open(directory, _OPEN_DIRECTORY))
                stack.callback(os.close, fds[-1])
            return tuple(fds)

        packer = _Packer(layer=below is not None, clamp=clamp)
        yield from _walk(packer, opened(trees), opened(below or ()))
    yield END


def pack_path(fd: int, shown: str) -> Iterator[bytes]:
    """One file or directory, of which ``fd`` is a descriptor (O_PATH will do), under the name ``shown``.

    A directory comes with all that is in it. Both end with the same end mark.
    """
    status = os.fstat(fd)
    if stat.S_ISDIR(status.st_mode):
        directory = os.open(".", _OPEN_DIRECTORY, dir_fd=fd)
        try:
            prefix = shown.rstrip("/") + "/"
            yield _header(prefix, DIRECTORY, status, xattrs=_xattrs(directory))
            yield from _walk(_Packer(layer=False, prefix=prefix), (directory,), ())
        finally:
            os.close(directory)
    elif stat.S_ISREG(status.st_mode):
        yield from _content(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC), shown, status)
    elif kind := _KINDS.get(stat.S_IFMT(status.st_mode)):
        yield _header(shown, kind, status, link=os.readlink("", dir_fd=fd) if kind == SYMLINK else "")
    yield END


def _walk(packer: "_Packer", trees: tuple[int, ...], below: tuple[int, ...]) -> Iterator[bytes]:
    packer.todo.append(_Place("", trees, below))
    while packer.todo:
        yield from packer.directory(packer.todo.pop())


class _Place(NamedTuple):
    """A directory to pack: its path with a slash behind, the roots of the trees that are merged there, and
    the roots of what they lie on."""

    path: str
    trees: tuple[int, ...]
    below: tuple[int, ...]
    status: os.stat_result | None = None
    """Of the directory itself; None for the root, which has no member of its own."""
    opaque: bool = False
    """The layer hides what lies below."""


_Opened = list[tuple[int, int]]
"""(root, descriptor of the directory below it), topmost first."""


class _Packer:
    """Walks directories of the same path in several trees at once; a name is taken from the topmost one.

    Every directory is opened from its root: no depth of nesting can use up descriptors or the stack.
    """

    def __init__(self, *, layer: bool, prefix: str = "", clamp: int | None = None) -> None:
        self._layer = layer
        self._clamp = clamp
        self._prefix = prefix
        self._first: dict[tuple[int, int], str] = {}
        self.todo: list[_Place] = []

    def directory(self, place: _Place) -> Iterator[bytes]:
        """The directory and the files in it; its subdirectories are queued, to follow at once.

        So everything of a directory comes together, which readers that set its times when they leave it
        rely on (GNU tar).
        """
        deeper: list[_Place] = []
        with contextlib.ExitStack() as stack:
            here = _open_all(place.trees, place.path, stack)
            below = _open_all(place.below, place.path, stack)
            lowers = [fd for _, fd in below]
            if place.status is not None and here:
                yield _header(
                    self._prefix + place.path,
                    DIRECTORY,
                    place.status,
                    xattrs=_xattrs(here[0][1]),
                    clamp=self._clamp,
                )
                if place.opaque:
                    yield _mark(place.path + OPAQUE_NAME)
            for name in sorted({name for _, fd in here for name in os.listdir(fd)}):
                path = place.path + name
                for above, (_, fd) in enumerate(here):
                    try:
                        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        self._subdirectory(path, status, here[above:], below, deeper)
                    elif not (self._layer and is_whiteout(status)):
                        yield from self._file(fd, name, self._prefix + path, status)
                    elif lookup(name, lowers) is not None:
                        yield _mark(place.path + WHITEOUT_PREFIX + name)
                    break
        self.todo.extend(reversed(deeper))

    def _subdirectory(
        self, path: str, status: os.stat_result, here: _Opened, below: _Opened, deeper: list[_Place]
    ) -> None:
        name = path.rpartition("/")[2]
        with contextlib.ExitStack() as stack:
            merged, hiding = _enter(name, here, stack)
            if not merged:
                return  # replaced while we looked
            covered = lookup(name, [fd for _, fd in below])
            covers = covered is not None and stat.S_ISDIR(covered.st_mode)
            lowers = _enter(name, below, stack)[0] if covers and not hiding else []
            trees, under = (tuple(root for root, _ in opened) for opened in (merged, lowers))
            deeper.append(_Place(path + "/", trees, under, status, opaque=covers and hiding))

    def _file(self, parent: int, name: str, path: str, status: os.stat_result) -> Iterator[bytes]:
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return
        inode = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and inode in self._first:
            yield _header(path, HARD_LINK, status, link=self._first[inode], clamp=self._clamp)
            return
        if kind == REGULAR:
            yield from self._regular(parent, name, path, status)
        else:
            link = _readlink(parent, name) if kind == SYMLINK else ""
            yield _header(path, kind, status, link=link, clamp=self._clamp)
        if status.st_nlink > 1:
            self._first[inode] = path

    def _regular(self, parent: int, name: str, path: str, status: os.stat_result) -> Iterator[bytes]:
        try:
            fd = os.open(name, _OPEN_FILE, dir_fd=parent)
        except OSError:
            return
        yield from _content(fd, path, status, self._clamp)


def _content(fd: int, path: str, status: os.stat_result, clamp: int | None = None) -> Iterator[bytes]:
    """A regular file; closes ``fd``."""
    try:
        yield _header(path, REGULAR, status, size=status.st_size, xattrs=_xattrs(fd), clamp=clamp)
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
    clamp: int | None = None,
) -> bytes:
    special = kind in (CHARACTER, BLOCK_DEVICE)
    mtime = status.st_mtime_ns // 10**9
    return header(
        path,
        kind,
        size,
        Attributes(
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            mtime if clamp is None else min(mtime, clamp),
        ),
        link=link,
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if special else (0, 0),
        xattrs=xattrs,
    )


def _mark(path: str) -> bytes:
    """A file whose name alone says something."""
    return header(path, REGULAR, 0, Attributes(0o600))


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


def _open_all(roots: Sequence[int], path: str, stack: contextlib.ExitStack) -> _Opened:
    """The directory ``path`` below each root where it still is one."""
    opened = []
    for root in roots:
        try:
            fd = open_in_root(root, path, _OPEN_DIRECTORY, follow=False)
        except OSError as error:
            if error.errno in _REPLACED:
                continue
            raise
        stack.callback(os.close, fd)
        opened.append((root, fd))
    return opened


def _enter(name: str, parents: _Opened, stack: contextlib.ExitStack) -> tuple[_Opened, bool]:
    """The directories ``name`` that are merged, and whether they hide what lies below all of them."""
    opened: _Opened = []
    for root, parent in parents:
        try:
            fd = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            continue
        except OSError:
            return opened, True  # something that is no directory hides the rest
        stack.callback(os.close, fd)
        opened.append((root, fd))
        if is_opaque(fd):
            return opened, True
    return opened, False
