"""Trees of files that COPY reads from and writes onto: one interface for a context and for an image.

Nothing here writes. A path is relative to the tree's root, with ``/`` between its parts, never ``.`` or
``..``; the root itself is the empty path. Links are data: ``resolve`` follows them inside the tree, as if its
root were ``/``, so that no path leads out of it.
"""

import errno
import os
import posixpath
import stat
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from berth.base.errors import InvalidArgument
from berth.kernel.paths import open_in_root

FILE, DIRECTORY, LINK, FIFO, CHARACTER, BLOCK = "f", "d", "l", "p", "c", "b"
_KINDS = {
    stat.S_IFREG: FILE, stat.S_IFDIR: DIRECTORY, stat.S_IFLNK: LINK, stat.S_IFIFO: FIFO,
    stat.S_IFCHR: CHARACTER, stat.S_IFBLK: BLOCK,
}  # fmt: skip
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KEPT_XATTRS = ("security.capability", "user.")
_LINK_LIMIT = 40
PIECE = 1 << 20


class Entry(NamedTuple):
    """One file. ``kind`` is ``f``, ``d``, ``l``, ``p``, ``c`` or ``b``; ``mode`` has permission bits only.

    ``digest`` is that of a file's content where it is known. Two entries of a tree with the same ``inode``
    are names of one file; None for a file with one name.
    """

    path: str
    kind: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime_ns: int = 0
    digest: str | None = None
    link: str = ""
    device: tuple[int, int] = (0, 0)
    inode: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class FileTree(Protocol):
    """See the module. What is found does not change while it is used."""

    def find(self, path: str) -> Entry | None:
        """The entry at ``path``, no link followed on the way; None when there is none."""

    def children(self, path: str) -> Sequence[Entry]:
        """What is in a directory, by name."""

    def content(self, entry: Entry) -> Iterator[bytes]:
        """A regular file's bytes in pieces, as many as the entry says; InvalidArgument when they are gone."""

    def xattrs(self, entry: Entry) -> Mapping[str, bytes]:
        """The extended attributes that an image keeps."""


def join(directory: str, name: str) -> str:
    """``name`` below ``directory``."""
    return f"{directory}/{name}" if directory else name


def clean(path: str) -> str:
    """A path as it is written, in the form of this module; ``..`` stops at the root."""
    return posixpath.normpath("/" + path).lstrip("/")


class Finder(Protocol):
    """The part of a FileTree that ``resolve`` needs."""

    def find(self, path: str) -> Entry | None:
        """See FileTree."""


def resolve(tree: Finder, path: str, *, follow: bool = True) -> str:
    """Where ``path`` leads: links on the way are followed, also as the last part if ``follow``.

    What does not exist is taken as written. InvalidArgument for links in a circle.
    """
    done: list[str] = []
    pending = deque(path.split("/"))
    links = 0
    while pending:
        part = pending.popleft()
        if part == "..":
            del done[-1:]
        if part in ("", ".", ".."):
            continue
        here = "/".join([*done, part])
        entry = tree.find(here) if follow or any(p not in ("", ".") for p in pending) else None
        if entry is None or entry.kind != LINK:
            done.append(part)
            continue
        links += 1
        if links > _LINK_LIMIT:
            raise InvalidArgument(f"{path}: {os.strerror(errno.ELOOP).lower()}")
        if entry.link.startswith("/"):
            done.clear()
        pending.extendleft(reversed(entry.link.split("/")))
    return "/".join(done)


class DirectoryTree:
    """A directory that nobody changes meanwhile, such as a read-only mount of an image's layers.

    Every file is opened from the root by the kernel, which refuses any link on the way.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of the root."""
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find(self, path: str) -> Entry | None:
        """See FileTree."""
        try:
            fd = open_in_root(self._root, path, os.O_PATH | os.O_NOFOLLOW, follow=False)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
                return None
            raise
        try:
            status = os.fstat(fd)
            link = os.readlink("", dir_fd=fd) if stat.S_ISLNK(status.st_mode) else ""
        finally:
            os.close(fd)
        return _entry(path, status, link)

    def children(self, path: str) -> Sequence[Entry]:
        """See FileTree."""
        fd = open_in_root(self._root, path, _OPEN_DIRECTORY, follow=False)
        try:
            found = []
            for name in sorted(os.listdir(fd)):
                status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                link = os.readlink(name, dir_fd=fd) if stat.S_ISLNK(status.st_mode) else ""
                entry = _entry(join(path, name), status, link)
                if entry is not None:
                    found.append(entry)
            return found
        finally:
            os.close(fd)

    def content(self, entry: Entry) -> Iterator[bytes]:
        """See FileTree."""
        return read_file(open_in_root(self._root, entry.path, _OPEN_FILE, follow=False), entry)

    def xattrs(self, entry: Entry) -> Mapping[str, bytes]:
        """See FileTree."""
        if entry.kind not in (FILE, DIRECTORY):
            return {}
        fd = open_in_root(self._root, entry.path, _OPEN_FILE, follow=False)
        try:
            return {name: os.getxattr(fd, name) for name in os.listxattr(fd) if name.startswith(_KEPT_XATTRS)}
        except OSError:
            return {}
        finally:
            os.close(fd)


def _entry(path: str, status: os.stat_result, link: str) -> Entry | None:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None  # a socket: no archive can hold one
    several = status.st_nlink > 1 and kind != DIRECTORY
    return Entry(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size if kind == FILE else 0,
        mtime_ns=status.st_mtime_ns,
        link=link,
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if kind in (CHARACTER, BLOCK) else (0, 0),
        inode=(status.st_dev, status.st_ino) if several else None,
    )


def read_file(fd: int, entry: Entry) -> Generator[bytes, None, None]:
    """The bytes of an open file, which is closed; InvalidArgument when it is shorter than its entry."""
    try:
        left = entry.size
        while left and (data := os.read(fd, min(left, PIECE))):
            left -= len(data)
            yield data
        if left:
            raise InvalidArgument(f"{entry.path} became shorter while it was read")
    finally:
        os.close(fd)
