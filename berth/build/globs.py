"""Wildcards of COPY and ADD: Go's ``filepath.Match`` a part at a time, and ``**`` where parts may be many."""

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from berth.base.errors import InvalidArgument
from berth.build.tree import DIRECTORY, LINK, Entry, FileTree, join, resolve

_MAGIC = frozenset("*?[")
_ANY_DEPTH = "**"
_PARTS_LIMIT = 128


def has_wildcard(pattern: str) -> bool:
    """Whether ``pattern`` is one; a backslash takes the meaning of what follows."""
    escaped = False
    for char in pattern:
        if not escaped and char in _MAGIC:
            return True
        escaped = char == "\\" and not escaped
    return False


def escape(path: str) -> str:
    """A source that means just this path. Without a wildcard in it, a path is taken as it is."""
    if not _MAGIC.intersection(path):
        return path
    return "".join(f"[{c}]" if c in _MAGIC else "\\\\" if c == "\\" else c for c in path)


def expand(tree: FileTree, pattern: str, *, deep: bool) -> list[str]:
    """The paths that fit a clean pattern, in the tree's order. InvalidArgument for a broken pattern.

    Links on the way are followed as far as they are named, and not where ``**`` finds them. ``**`` counts as
    any number of directories only if ``deep``.
    """
    parts = pattern.split("/")
    if len(parts) > _PARTS_LIMIT:
        raise InvalidArgument(f"invalid pattern {pattern[:100]!r}: more than {_PARTS_LIMIT} parts")
    for part in parts:
        compile_part(part)
    search = _Search(tree, deep=deep)
    search.expand("", "", tuple(parts))
    return list(search.found)


class _Search:
    """Each directory is looked at once for each rest of the pattern, however many ways lead there.

    A directory has its path as the pattern names it, and its real one, without links.
    """

    def __init__(self, tree: FileTree, *, deep: bool) -> None:
        self._tree = tree
        self._deep = deep
        self._seen: set[tuple[str, int]] = set()
        self.found: dict[str, None] = {}

    def expand(self, directory: str, real: str, parts: tuple[str, ...]) -> None:
        if self._deep and parts[0] == _ANY_DEPTH:
            self._any_depth(directory, real, parts)
            return
        if (directory, len(parts)) in self._seen:
            return
        self._seen.add((directory, len(parts)))
        for child in _matching(self._tree, real, parts[0]):
            path = join(directory, child.name)
            if len(parts) == 1:
                self.found[path] = None
            elif child.kind == LINK:
                there = self._tree.find(resolve(self._tree, child.path))
                if there is not None and there.kind == DIRECTORY:
                    self.expand(path, there.path, parts[1:])
            elif child.kind == DIRECTORY:
                self.expand(path, child.path, parts[1:])

    def _any_depth(self, directory: str, real: str, parts: tuple[str, ...]) -> None:
        todo = [(directory, real)]
        while todo:
            here, there = todo.pop()
            if (here, len(parts)) in self._seen:
                continue
            self._seen.add((here, len(parts)))
            if len(parts) > 1:
                self.expand(here, there, parts[1:])
            for child in self._tree.children(there):
                path = join(here, child.name)
                if len(parts) == 1:
                    self.found[path] = None
                if child.kind == DIRECTORY:
                    todo.append((path, child.path))


def _matching(tree: FileTree, directory: str, part: str) -> list[Entry]:
    if not has_wildcard(part):
        found = tree.find(join(directory, re.sub(r"\\(.)", r"\1", part)))
        return [found] if found is not None else []
    matcher = compile_part(part)
    return [child for child in tree.children(directory) if matcher.fullmatch(child.name)]


class Excludes:
    """The patterns of ``--exclude``: matched against the whole path below a source, as ignore files are.

    The last pattern that fits a path or a directory above it decides; one with ``!`` takes it in again.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for text in patterns:
            keeps = text.startswith("!")
            pattern = posixpath.normpath(text.strip().removeprefix("!").strip())
            if pattern not in ("", "."):
                self._rules.append((_compile_path(pattern), not keeps))
        self.may_reopen = any(not excludes for _, excludes in self._rules)
        """Whether something below an excluded directory may be wanted nevertheless."""

    def __bool__(self) -> bool:
        return bool(self._rules)

    def match(self, path: str) -> bool:
        """Whether ``path`` stays out."""
        excluded = False
        for rule, excludes in self._rules:
            if excluded != excludes and rule.fullmatch(path):
                excluded = excludes
        return excluded


def _compile_path(pattern: str) -> re.Pattern[str]:
    """A pattern of several parts, which also fits everything below what it fits."""
    out = []
    parts = pattern.split("/")
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == _ANY_DEPTH:
            out.append(".*" if last else "(?:.*/)?")
        else:
            out.append(_translate(part) + ("" if last else "/"))
    return re.compile("".join(out) + "(?:/.*)?", re.DOTALL)


@lru_cache(maxsize=512)
def compile_part(pattern: str) -> re.Pattern[str]:
    """One part of a path as a regular expression (path/filepath's Match, without the slash)."""
    return re.compile(_translate(pattern), re.DOTALL)


def _translate(pattern: str) -> str:
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern.startswith("*", at):
            out.append(".*")
            at += 1
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[":
            text, at = _class(pattern, at)
            out.append(text)
        else:
            if char == "\\":
                if at == len(pattern):
                    raise _broken(pattern)
                char = pattern[at]
                at += 1
            out.append(re.escape(char))
    return "".join(out)


def _class(pattern: str, at: int) -> tuple[str, int]:
    """What is between brackets: ``^`` for the opposite, characters and ranges, at least one of them."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", at)):
        low, at = _class_char(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _class_char(pattern, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        elif not ranges:
            ranges.append("")
    body = "".join(ranges)
    if not body:
        return ("[^/]", at + 1) if negated else ("(?!)", at + 1)
    return f"[{'^' if negated else ''}{body}]", at + 1


def _class_char(pattern: str, at: int) -> tuple[str, int]:
    if at >= len(pattern) or pattern[at] in "-]":
        raise _broken(pattern)
    if pattern[at] == "\\":
        at += 1
        if at >= len(pattern):
            raise _broken(pattern)
    if at + 1 >= len(pattern):
        raise _broken(pattern)
    return pattern[at], at + 1


def _broken(pattern: str) -> InvalidArgument:
    return InvalidArgument(f"invalid pattern {pattern!r}: syntax error in pattern")
