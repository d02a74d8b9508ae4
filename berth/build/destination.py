"""What a COPY writes onto: the image as it was, and over it what this layer has so far.

Out comes the layer's archive. Every directory on the way to a file is in it with the attributes that it has
in the image, for the topmost layer decides those; directories that were missing are made.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.build.tree import (
    BLOCK,
    CHARACTER,
    DIRECTORY,
    FIFO,
    FILE,
    LINK,
    Entry,
    FileTree,
    Finder,
    join,
    resolve,
)
from berth.image.layer.member import OPAQUE_NAME, WHITEOUT_PREFIX
from berth.image.tar import entry as tar
from berth.image.tar.writer import Attributes, header, padding

_KINDS = {
    FILE: tar.REGULAR, DIRECTORY: tar.DIRECTORY, LINK: tar.SYMLINK, FIFO: tar.FIFO,
    CHARACTER: tar.CHARACTER, BLOCK: tar.BLOCK_DEVICE,
}  # fmt: skip


Pieces = Iterator[bytes | memoryview]


class Made(NamedTuple):
    """How directories are made that were missing, and how late times may be: seconds since the epoch."""

    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    latest: int | None = None


class Destination:
    """Members are yielded as pieces of the archive in the order of the calls.

    ``key`` is a hash of everything that was written, times apart: equal layers on equal images have it equal.
    """

    def __init__(self, below: FileTree, made: Made) -> None:
        self.image = below
        self._made = made
        self._written: dict[str, Entry] = {}
        self._gone: set[str] = set()
        self._names: dict[tuple[int, int], str] = {}
        self.key = hashlib.sha256()
        self.empty = True

    # -- what is there -----------------------------------------------------------------------------------

    def find(self, path: str) -> Entry | None:
        """The entry at ``path``, as it is now; no link is followed."""
        written = self._written.get(path)
        if written is not None:
            return written
        if self._gone:
            parts = path.split("/")
            if any("/".join(parts[:depth]) in self._gone for depth in range(1, len(parts) + 1)):
                return None
        return self.image.find(path)

    def written(self, path: str) -> bool:
        """Whether this layer has something there."""
        return path in self._written

    def resolve(self, path: str) -> str:
        """Where a path leads now, inside the image."""
        return resolve(_Found(self), path)

    def below(self, base: str) -> Finder:
        """What is below a directory, as a tree of its own: links cannot leave it."""
        return _Found(self, base)

    # -- what is put there -------------------------------------------------------------------------------

    def make_directory(self, path: str) -> Pieces:
        """``mkdir -p`` of a path without links. InvalidArgument when something else is in the way."""
        parts = path.split("/") if path else []
        for depth in range(1, len(parts) + 1):
            here = "/".join(parts[:depth])
            entry = self.find(here)
            if entry is None:
                made = self._made
                yield from self.put(
                    Entry(here, DIRECTORY, made.mode, made.uid, made.gid, mtime_ns=made.mtime * 10**9)
                )
            elif entry.kind != DIRECTORY:
                raise InvalidArgument(f"mkdir /{here}: not a directory")

    def put(
        self, entry: Entry, xattrs: Mapping[str, bytes] | None = None, content: Pieces | None = None
    ) -> Pieces:
        """One member at ``entry.path``, whose directory is there; it takes the place of what has the name."""
        _check_name(entry.path)
        yield from self._keep_parents(entry.path)
        if entry.kind == FILE and entry.inode is not None:
            first = self._names.setdefault(entry.inode, entry.path)
            if first != entry.path:
                yield from self.link(entry.path, first)
                return
        self._note(entry, xattrs)
        yield self._header(entry, xattrs)
        if entry.path in self._gone and entry.kind == DIRECTORY:
            yield header(join(entry.path, OPAQUE_NAME), tar.REGULAR, 0, Attributes(0o600))
        if entry.kind == FILE:
            yield from self._content(entry, content or iter(()))

    def link(self, path: str, first: str) -> Pieces:
        """Another name for a file that this layer has."""
        _check_name(path)
        yield from self._keep_parents(path)
        entry = self._written[first]._replace(path=path)
        self._note(entry, None)
        self.key.update(_raw(f"={first}\n"))
        yield header(path, tar.HARD_LINK, 0, self._attributes(entry), link=first)

    def remove(self, path: str) -> None:
        """Something else than a directory will take the place of one: what is below it is gone."""
        for other in [p for p in self._written if p == path or p.startswith(path + "/")]:
            self._forget(other)
        self._gone.add(path)

    def _keep_parents(self, path: str) -> Pieces:
        parent = path.rpartition("/")[0]
        missing = []
        while parent and parent not in self._written:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        for above in reversed(missing):
            entry = self.image.find(above)
            if entry is None or entry.kind != DIRECTORY:
                raise InvalidArgument(f"mkdir /{above}: not a directory")
            xattrs = self.image.xattrs(entry)
            self._note(entry, xattrs)
            yield self._header(entry, xattrs)

    def _note(self, entry: Entry, xattrs: Mapping[str, bytes] | None) -> None:
        if entry.path in self._written:
            self._forget(entry.path)
        self._written[entry.path] = entry
        self.empty = False
        fields = (entry.path, entry.kind, entry.mode, entry.uid, entry.gid, entry.link, entry.device)
        self.key.update(_raw("\0".join(map(str, fields)) + "\0"))
        for name in sorted(xattrs or {}):
            self.key.update(_raw(name) + b"=" + (xattrs or {})[name].hex().encode() + b"\0")

    def _forget(self, path: str) -> None:
        old = self._written.pop(path)
        if old.inode is not None and self._names.get(old.inode) == path:
            del self._names[old.inode]

    def _header(self, entry: Entry, xattrs: Mapping[str, bytes] | None) -> bytes:
        path = entry.path + "/" if entry.kind == DIRECTORY else entry.path
        return header(
            path,
            _KINDS[entry.kind],
            entry.size if entry.kind == FILE else 0,
            self._attributes(entry),
            link=entry.link,
            device=entry.device,
            xattrs=dict(xattrs) if xattrs else None,
        )

    def _attributes(self, entry: Entry) -> Attributes:
        mtime = entry.mtime_ns // 10**9
        if self._made.latest is not None:
            mtime = min(mtime, self._made.latest)
        return Attributes(entry.mode, entry.uid, entry.gid, mtime)

    def _content(self, entry: Entry, content: Pieces) -> Pieces:
        if entry.digest is not None:
            self.key.update(_raw(entry.digest))
            yield from content
        else:
            state = hashlib.sha256()
            for piece in content:
                state.update(piece)
                yield piece
            self.key.update(b"sha256:" + state.hexdigest().encode())
        yield padding(entry.size)


class _Found:
    """A directory of a Destination as a Finder."""

    def __init__(self, destination: Destination, base: str = "") -> None:
        self._destination = destination
        self._base = base

    def find(self, path: str) -> Entry | None:
        return self._destination.find(join(self._base, path) if path else self._base)


def _raw(text: str) -> bytes:
    return os.fsencode(text)


def _check_name(path: str) -> None:
    if path.rpartition("/")[2].startswith(WHITEOUT_PREFIX):
        raise InvalidArgument(
            f"cannot copy to /{path}: in an image, a name that begins with {WHITEOUT_PREFIX} means a deletion"
        )
