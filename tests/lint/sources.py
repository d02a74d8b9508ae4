"""The files that the checks look at, parsed once."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "berth"
TREES = ("berth", "tests", "bench")
SCRIPTS = ("runtests", "quickstart", ".ci/run", "tools/provision.sh", "bench/run")


class Source(NamedTuple):
    """One Python file: its path below the repository, its text, its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room of the house that the file lies in; empty outside of the package."""
        parts = self.name.split("/")
        return parts[1] if parts[0] == "berth" and len(parts) > 2 else ""

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the repository."""
    found = []
    for tree in TREES:
        for path in sorted((ROOT / tree).rglob("*.py")):
            text = path.read_text()
            found.append(Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text, str(path))))
    return tuple(found)


def package_sources() -> tuple[Source, ...]:
    """Those that are installed."""
    return tuple(source for source in sources() if source.name.startswith("berth/"))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(source: Source) -> Iterator[Function]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Lines from ``def`` to the last one, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1
