"""What a build context holds, as a sorted list that is a tree at the same time.

A listing never changes. Its digests are what the keys of COPY steps are made of, so they are kept once they
were computed: a second build from the same listing hashes nothing.
"""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path

from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.build.files import stored_path
from berth.build.select import Selection, choose, digest_of
from berth.build.tree import DIRECTORY, FILE, LINK, Entry, clean, read_file, resolve

_PATH_LIMIT = 4095
_NAME_LIMIT = 255


class Pin:
    """Exists as long as a listing or a part of it does; what is listed is not collected meanwhile."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def contents(self) -> dict[str, int]:
        """Digests of contents, with their sizes."""
        return {entry.digest: entry.size for entry in self._entries if entry.digest}


class Listing:
    """``entries`` by path, without the root; every directory on the way to one is there.

    ``key`` names the content of everything (modes, links and bytes, not times and owners). It is a FileTree
    whose contents lie in ``files``, the directory of a FileStore.
    """

    def __init__(self, entries: Sequence[Entry], files: Path, root: Entry | None = None) -> None:
        self.entries = entries
        self.pin = Pin(entries)
        self._files = files
        self._root = root or Entry("", DIRECTORY)
        self._by_path: dict[str, Entry] | None = None
        self._children: dict[str, list[Entry]] | None = None
        self._digests: dict[Selection, Digest] = {}
        self._variants: dict[str | frozenset[str], Listing] = {}

    # -- a tree ------------------------------------------------------------------------------------------

    def find(self, path: str) -> Entry | None:
        """See FileTree."""
        if not path:
            return self._root
        if self._by_path is None:
            self._by_path = {entry.path: entry for entry in self.entries}
        return self._by_path.get(path)

    def children(self, path: str) -> Sequence[Entry]:
        """See FileTree."""
        if self._children is None:
            children: dict[str, list[Entry]] = {}
            for entry in self.entries:
                children.setdefault(entry.path.rpartition("/")[0], []).append(entry)
            for entries in children.values():
                entries.sort()
            self._children = children
        return self._children.get(path, ())

    def content(self, entry: Entry) -> Generator[bytes, None, None]:
        """See FileTree."""
        if entry.digest is None:
            raise InvalidArgument(f"the content of {entry.path} was never sent")
        try:
            fd = os.open(stored_path(self._files, entry.digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise InvalidArgument(
                f"the content of {entry.path} is no longer stored", hint="run the build again"
            ) from None
        return read_file(fd, entry)

    def xattrs(self, entry: Entry) -> Mapping[str, bytes]:
        """See FileTree."""
        return {}

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of one small file (a Dockerfile), links followed; None when there is no such file.

        InvalidArgument when it is longer than ``limit``.
        """
        entry = self.find(resolve(self, clean(path)))
        if entry is None or entry.kind != FILE:
            return None
        if entry.size > limit:
            raise InvalidArgument(f"{path} has {entry.size} bytes, which is more than {limit}")
        return b"".join(self.content(entry))

    def below(self, directory: str) -> "Listing":
        """The same with a directory of it as its root; InvalidArgument when there is none."""
        base = resolve(self, clean(directory))
        root = self.find(base)
        if root is None or root.kind != DIRECTORY:
            raise InvalidArgument(f"subdir {directory!r} is not a directory of the context")
        if not base:
            return self
        known = self._variants.get(base)
        if known is None:
            start = len(base) + 1
            inside = [e._replace(path=e.path[start:]) for e in self.entries if e.path.startswith(base + "/")]
            known = self._part(base, inside, root._replace(path=""))
        return known

    def without(self, hidden: Iterable[str]) -> "Listing":
        """The same with some files left out."""
        names = frozenset(hidden)
        known = self._variants.get(names)
        if known is None:
            left = [entry for entry in self.entries if entry.path not in names]
            known = self._part(names, left, self._root)
        return known

    def _part(self, name: "str | frozenset[str]", entries: Sequence[Entry], root: Entry) -> "Listing":
        part = self._variants[name] = Listing(entries, self._files, root)
        part.pin = self.pin
        return part

    def renamed(self, path: str, name: str) -> "Listing":
        """The same with another name for a file at the top."""
        entries = [e._replace(path=name) if e.path == path else e for e in self.entries]
        return self._part(f"{path}\0{name}", complete(entries), self._root)

    # -- keys --------------------------------------------------------------------------------------------

    def digest(self, selection: Selection) -> Digest:
        """What a COPY of ``selection`` would bring, as one digest; the errors are those of ``choose``."""
        known = self._digests.get(selection)
        if known is None:
            known = digest_of(self, choose(self, selection), selection)
            self._digests[selection] = known
        return known

    @property
    def key(self) -> Digest:
        """The digest of everything."""
        return self.digest(Selection(sources=(".",)))

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.entries)


def complete(entries: Iterable[Entry]) -> list[Entry]:
    """Sorted, checked, and with the directories that only the paths of others tell of.

    InvalidArgument for a path that leads out or could not exist, and for one below what is no directory.
    """
    found: dict[str, Entry] = {}
    for entry in entries:
        check_path(entry.path)
        if entry.kind == LINK and not 0 < len(os.fsencode(entry.link)) <= _PATH_LIMIT:
            raise InvalidArgument(f"invalid context: {entry.path!r} links to nothing")
        found[entry.path] = entry
    known = {""}
    for path in list(found):
        parent = path.rpartition("/")[0]
        while parent not in known:
            above = found.setdefault(parent, Entry(parent, DIRECTORY))
            if above.kind != DIRECTORY:
                raise InvalidArgument(
                    f"invalid context: {path!r} lies below {parent!r}, which is no directory"
                )
            known.add(parent)
            parent = parent.rpartition("/")[0]
    return [found[path] for path in sorted(found)]


def check_path(path: str) -> None:
    """InvalidArgument unless it is relative, has no ``.``, ``..`` or empty parts, and could be on a disk."""
    for part in path.split("/"):
        if part in ("", ".", "..") or "\0" in part or len(part) > _NAME_LIMIT:
            raise InvalidArgument(f"invalid context: impossible path {path[:200]!r}")
    if len(path) > _PATH_LIMIT or len(os.fsencode(path)) > _PATH_LIMIT:
        raise InvalidArgument(f"invalid context: impossible path {path[:200]!r}")
