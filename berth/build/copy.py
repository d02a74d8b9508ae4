"""COPY and ADD: from sources to the archive of a layer, without a writable tree in between.

The bytes go from where they are stored straight into the layer. Rules: BuildKit's, compared case by case with
dockerd 28.5 and with the classic builder of 20.10, whose words the errors have where it has some.
"""

import posixpath
from typing import NamedTuple

from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.build.chmod import Change, parse_chmod
from berth.build.chown import find_owner
from berth.build.copy_archive import is_archive, unpack
from berth.build.destination import Destination, Made, Pieces
from berth.build.select import Selection, Source, choose, walk
from berth.build.tree import DIRECTORY, FILE, LINK, Entry, FileTree, join
from berth.image.tar.writer import END

_WHOLE = 256 << 10


class CopySource(NamedTuple):
    """Where sources come from.

    ``keeps_owner``: files of an image keep theirs unless ``--chown`` says otherwise; those of a context
    belong to root. ``remote``: they were downloaded, so that archives among them stay as they are.
    """

    tree: FileTree
    selection: Selection
    keeps_owner: bool = False
    remote: bool = False


class CopySpec(NamedTuple):
    """One instruction, expanded. ``heredocs`` are (name, content) of files in the Dockerfile itself.

    ``word`` is COPY or ADD; ``unpack`` is ADD's switch, None for archives that are not ``remote``. Times:
    ``now`` is given to what is made here, and nothing in the layer is later than ``latest`` (seconds).
    """

    destination: str
    sources: tuple[CopySource, ...] = ()
    heredocs: tuple[tuple[str, bytes], ...] = ()
    workdir: str = "/"
    chown: str = ""
    chmod: str = ""
    word: str = "COPY"
    unpack: bool | None = None
    now: int = 0
    latest: int | None = None


class CopyLayer:
    """The layer of one COPY over an image. Read ``next_chunk`` to its end, in a thread; then ``key`` is
    known."""

    def __init__(self, spec: CopySpec, image: FileTree) -> None:
        """InvalidArgument when a source, an owner or a mode cannot be found: nothing was read by then."""
        self._spec = spec
        self._change = parse_chmod(spec.chmod) if spec.chmod else None
        self._owner = find_owner(spec.chown, image) if spec.chown else None
        mode = self._change(0o755, DIRECTORY) if self._change else 0o755
        uid, gid = self._owner or (0, 0)
        self._target = Destination(image, Made(mode, uid, gid, spec.now, spec.latest))
        self._chosen = [(source, choose(source.tree, source.selection)) for source in spec.sources]
        self._into = self._is_directory()
        self._pieces = self._write()

    @property
    def key(self) -> Digest:
        """What was written, times apart, as one digest: on the same image it means the same result."""
        return Digest("sha256:" + self._target.key.hexdigest())

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return self._target.empty

    def next_chunk(self) -> bytes | memoryview:
        """The next piece of the archive, empty at its end; small ones are joined, large ones passed on."""
        parts: list[bytes | memoryview] = []
        size = 0
        for piece in self._pieces:
            parts.append(piece)
            size += len(piece)
            if size >= _WHOLE:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    # -- where it goes -----------------------------------------------------------------------------------

    def _is_directory(self) -> bool:
        """Whether the destination is written as, or must be, a directory for what is not one itself."""
        spec = self._spec
        if spec.destination.endswith("/") or posixpath.basename(spec.destination) in (".", ".."):
            return True
        if any(source.selection.parents for source in spec.sources):
            return True
        count = sum(len(chosen) for _, chosen in self._chosen) + len(spec.heredocs)
        there = self._target.find(self._path())
        if count > 1 and (there is None or there.kind != DIRECTORY):
            raise InvalidArgument(
                f"When using {spec.word} with more than one source file, the destination must be a directory "
                "and end with a /"
            )
        return False

    def _path(self) -> str:
        absolute = posixpath.normpath(posixpath.join("/", self._spec.workdir, self._spec.destination))
        return self._target.resolve(absolute.lstrip("/"))

    def _file_path(self, name: str) -> str:
        """Where a file of this name goes."""
        path = self._path()
        there = self._target.find(path)
        if self._into or (there is not None and there.kind == DIRECTORY):
            return join(path, name)
        return path

    # -- what is written ---------------------------------------------------------------------------------

    def _write(self) -> Pieces:
        for source, chosen in self._chosen:
            for one in chosen:
                if source.selection.parents:
                    yield from self._with_parents(source, one)
                elif one.entry.kind == DIRECTORY:
                    yield from self._directory(source, one)
                elif self._unpacks(source, one):
                    yield from self._archive(source, one)
                else:
                    yield from self._file(source, one.entry, self._file_path(one.name))
        for name, content in self._spec.heredocs:
            yield from self._heredoc(name, content)
        yield END

    def _directory(self, source: CopySource, one: Source) -> Pieces:
        base = self._path()
        if base:
            there = self._target.find(base)
            if there is not None and there.kind != DIRECTORY:
                raise InvalidArgument(f"cannot copy to non-directory: /{base}")
            known = there is not None and not self._target.written(base)
            yield from self._target.make_directory(base)
            top = self._target.find(base)
            if top is not None:
                # It keeps its owner and mode, and has the time of what was copied to it.
                xattrs = self._target.image.xattrs(top) if known else {}
                yield from self._target.put(top._replace(mtime_ns=one.entry.mtime_ns), xattrs)
        for path, entry in walk(source.tree, one, source.selection):
            yield from self._nested(source, entry, join(base, path))

    def _with_parents(self, source: CopySource, one: Source) -> Pieces:
        base = self._path()
        yield from self._target.make_directory(base)
        for path, entry in one.above:
            if entry.kind != DIRECTORY:
                raise InvalidArgument(f"cannot copy to non-directory: /{join(base, path)}")
            if not self._target.written(join(base, path)):
                yield from self._nested(source, entry, join(base, path))
        if one.name:
            yield from self._nested(source, one.entry, join(base, one.name))
        if one.entry.kind == DIRECTORY:
            for path, entry in walk(source.tree, one, source.selection):
                yield from self._nested(source, entry, join(base, join(one.name, path)))

    def _nested(self, source: CopySource, entry: Entry, path: str) -> Pieces:
        """A file or directory below one that is copied: no link of the destination is followed."""
        if entry.kind != DIRECTORY:
            yield from self._file(source, entry, path)
            return
        there = self._target.find(path)
        if there is not None and there.kind != DIRECTORY:
            raise InvalidArgument(f"cannot copy to non-directory: /{path}")
        yield from self._target.put(self._dressed(source, entry, path), source.tree.xattrs(entry))

    def _file(self, source: CopySource, entry: Entry, path: str) -> Pieces:
        there = self._target.find(path)
        if there is not None and there.kind == DIRECTORY:
            raise InvalidArgument(f"cannot replace to directory /{path} with file")
        if not self._target.written(path):
            yield from self._target.make_directory(path.rpartition("/")[0])
        content = source.tree.content(entry) if entry.kind == FILE else None
        xattrs = source.tree.xattrs(entry)
        yield from self._target.put(self._dressed(source, entry, path), xattrs, content)

    def _dressed(self, source: CopySource, entry: Entry, path: str) -> Entry:
        uid, gid = self._owner or ((entry.uid, entry.gid) if source.keeps_owner else (0, 0))
        return entry._replace(
            path=path, uid=uid, gid=gid, mode=_changed(self._change, entry.mode, entry.kind)
        )

    def _heredoc(self, name: str, content: bytes) -> Pieces:
        path = self._file_path(name)
        uid, gid = self._owner or (0, 0)
        mode = _changed(self._change, 0o644, FILE)
        there = self._target.find(path)
        if there is not None and there.kind == DIRECTORY:
            raise InvalidArgument(f"cannot replace to directory /{path} with file")
        yield from self._target.make_directory(path.rpartition("/")[0])
        entry = Entry(path, FILE, mode, uid, gid, len(content), self._spec.now * 10**9)
        yield from self._target.put(entry, None, iter((content,)))

    # -- archives ----------------------------------------------------------------------------------------

    def _unpacks(self, source: CopySource, one: Source) -> bool:
        if self._spec.word != "ADD" or one.entry.kind != FILE or not one.entry.size:
            return False
        wanted = not source.remote if self._spec.unpack is None else self._spec.unpack
        return wanted and is_archive(_Reader(source.tree, one.entry))

    def _archive(self, source: CopySource, one: Source) -> Pieces:
        base = self._path()
        yield from self._target.make_directory(base)
        yield from unpack(self._target, base, _Reader(source.tree, one.entry), self._owner)


def _changed(change: Change | None, mode: int, kind: str) -> int:
    """Links have no mode of their own."""
    return mode if change is None or kind == LINK else change(mode, kind)


class _Reader:
    """Chunks of a stored file, as functions that want the next one take them."""

    def __init__(self, tree: FileTree, entry: Entry) -> None:
        self._pieces = tree.content(entry)

    def __call__(self) -> bytes:
        return next(self._pieces, b"")
