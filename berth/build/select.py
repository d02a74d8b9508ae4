"""Which files the sources of a COPY or ADD mean: wildcards, links, ``--parents`` and ``--exclude``.

The same choice serves the key of a step and the step itself. Rules: BuildKit's, compared with dockerd 28.5
and with the classic builder of 20.10, whose words the errors have.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from berth.base.digest import Digest
from berth.base.errors import InvalidArgument
from berth.build.globs import Excludes, expand, has_wildcard
from berth.build.tree import DIRECTORY, FILE, LINK, Entry, FileTree, clean, join, resolve


class MissingFile(InvalidArgument):
    """A source that is not in the build context; ``path`` is where it would be."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


class Selection(NamedTuple):
    """Sources as expanded in the Dockerfile. ``context`` says that they are files of a build context, whose
    ignore file may be why something is not there; ``word`` is the instruction, for error texts."""

    sources: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    parents: bool = False
    context: bool = True
    word: str = "COPY"


class Source(NamedTuple):
    """One thing to copy: ``entry`` without links; ``name`` is what it is called in a target directory.

    ``above`` are the directories of ``--parents`` between the target and it, each with its name there.
    """

    name: str
    entry: Entry
    above: tuple[tuple[str, Entry], ...] = ()


def choose(tree: FileTree, selection: Selection) -> list[Source]:
    """Everything that the sources mean, in their order. InvalidArgument when something is not there.

    A wildcard may fit nothing, as BuildKit has it.
    """
    found: list[Source] = []
    excludes = Excludes(selection.excludes)
    for text in selection.sources:
        if selection.parents:
            found += _with_parents(tree, text, selection, excludes)
        else:
            found += _plain(tree, text, selection, excludes)
    return found


def _plain(tree: FileTree, text: str, selection: Selection, excludes: Excludes) -> list[Source]:
    pattern = clean(text)
    if not has_wildcard(pattern):
        return [Source(pattern.rpartition("/")[2], _follow(tree, pattern, text, selection))]
    found = []
    for path in expand(tree, pattern, deep=False):
        entry = _follow(tree, path, path, selection)
        name = path.rpartition("/")[2]
        if entry.kind == DIRECTORY or not excludes.match(name):
            found.append(Source(name, entry))
    return found


def _follow(tree: FileTree, path: str, shown: str, selection: Selection) -> Entry:
    entry = tree.find(resolve(tree, path))
    if entry is None:
        raise _missing(shown, selection)
    return entry


def _missing(shown: str, selection: Selection) -> InvalidArgument:
    name = clean(shown) or "/"
    if not selection.context:
        return InvalidArgument(f"{selection.word} failed: stat {name}: file does not exist")
    where = "file not found in build context or excluded by .dockerignore"
    return MissingFile(f"{selection.word} failed: {where}: stat {name}: file does not exist", clean(shown))


def _with_parents(tree: FileTree, text: str, selection: Selection, excludes: Excludes) -> list[Source]:
    """``--parents``: the path after a ``/./``, or the whole one, is kept below the target."""
    before, pivot, after = text.partition("/./")
    base, pattern = (clean(before), clean(after)) if pivot else ("", clean(text))
    full = join(base, pattern) if pattern else base
    if has_wildcard(full):
        paths = expand(tree, full, deep=True)
    else:
        _follow(tree, full, text, selection)
        paths = [full]
    # Parts of the pattern before the pivot may be wildcards; each match has as many parts there.
    skipped = len(base.split("/")) if base else 0
    found = []
    taken: set[str] = set()
    for path in sorted(paths, key=lambda path: path.split("/")):
        parts = path.split("/") if path else []
        if any("/".join(parts[:depth]) in taken for depth in range(len(parts))):
            continue  # a directory above comes with everything in it
        relative = "/".join(parts[skipped:])
        if relative and not excludes.may_reopen and excludes.match(relative):
            continue
        taken.add(path)
        found.append(_kept(tree, "/".join(parts[:skipped]), relative, selection))
    return found


def _kept(tree: FileTree, top: str, relative: str, selection: Selection) -> Source:
    """A source with the directories above it. A link on the way becomes the directory that it leads to."""
    above = []
    parts = relative.split("/") if relative else []
    for depth in range(1, len(parts)):
        name = "/".join(parts[:depth])
        above.append((name, _follow(tree, join(top, name), join(top, name), selection)))
    path = join(top, relative) if relative else top
    entry = tree.find(resolve(tree, path, follow=False))
    if entry is None or not relative:
        entry = _follow(tree, path, path, selection)
    return Source(relative, entry, tuple(above))


def walk(tree: FileTree, source: Source, selection: Selection) -> Iterator[tuple[str, Entry]]:
    """What lies below a source that is a directory: (path below it, entry), a directory before its content.

    An excluded directory comes only when something in it is taken in again.
    """
    excludes = Excludes(selection.excludes)
    prefix = source.name if selection.parents else ""
    if not excludes:
        yield from _all(tree, source.entry.path)
    else:
        yield from _some(tree, source.entry.path, prefix, excludes)


def _all(tree: FileTree, top: str) -> Iterator[tuple[str, Entry]]:
    start = len(top) + 1 if top else 0
    todo = [iter(tree.children(top))]
    while todo:
        entry = next(todo[-1], None)
        if entry is None:
            todo.pop()
            continue
        yield entry.path[start:], entry
        if entry.kind == DIRECTORY:
            todo.append(iter(tree.children(entry.path)))


def _some(tree: FileTree, top: str, prefix: str, excludes: Excludes) -> Iterator[tuple[str, Entry]]:
    todo = [("", iter(tree.children(top)))]
    held: list[tuple[int, str, Entry]] = []  # excluded directories in which nothing was found yet
    while todo:
        relative, entries = todo[-1]
        entry = next(entries, None)
        if entry is None:
            todo.pop()
            while held and held[-1][0] >= len(todo):
                held.pop()
            continue
        path = join(relative, entry.name)
        excluded = excludes.match(join(prefix, path))
        if not excluded:
            yield from ((above, directory) for _, above, directory in held)
            held.clear()
            yield path, entry
        if entry.kind == DIRECTORY and (not excluded or excludes.may_reopen):
            if excluded:
                held.append((len(todo), path, entry))
            todo.append((path, iter(tree.children(entry.path))))


def digest_of(tree: FileTree, sources: list[Source], selection: Selection) -> Digest:
    """A digest of what would be copied: names, kinds, modes, links and contents; no times, no owners.

    Every file must have its digest, as those of a context have.
    """
    state = hashlib.sha256(b"parents" if selection.parents else b"")
    for source in sources:
        for name, entry in source.above:
            state.update(_line(name, entry))
        state.update(_line(source.name, source.entry))
        if source.entry.kind == DIRECTORY:
            state.update(b"".join(_line(path, entry) for path, entry in walk(tree, source, selection)))
    return Digest("sha256:" + state.hexdigest())


def _line(path: str, entry: Entry) -> bytes:
    what = entry.digest if entry.kind == FILE else entry.link if entry.kind == LINK else entry.device
    return f"{entry.kind}\0{entry.mode:o}\0{path}\0{what}\n".encode("utf-8", "surrogateescape")
