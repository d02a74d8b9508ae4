"""Wildcards, ``--exclude`` and ``--chmod`` by themselves."""

import pytest

from berth.base.errors import InvalidArgument
from berth.build.chmod import parse_chmod
from berth.build.globs import Excludes, compile_part, escape, expand, has_wildcard
from berth.build.select import Selection, choose
from tests.unit.build_files.trees import context


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ["", "a", "a.b"], []),
        ("a*c", ["ac", "abbc"], ["abcd", "bac"]),
        ("a?c", ["abc"], ["ac", "abbc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "x"]),
        ("[^a-c]x", ["dx"], ["ax"]),
        ("[\\]]x", ["]x"], ["[x"]),
        ("[[]q]", ["[q]"], ["q"]),
        ("a\\*c", ["a*c"], ["abc"]),
        ("a.c", ["a.c"], ["abc"]),
        ("[x-]", [], []),
    ],
)
def test_one_part(pattern, yes, no) -> None:
    if pattern == "[x-]":
        with pytest.raises(InvalidArgument, match="syntax error in pattern"):
            compile_part(pattern)
        return
    assert [name for name in yes + no if compile_part(pattern).fullmatch(name)] == yes


@pytest.mark.parametrize("pattern", ["[", "[a", "[]", "[-a]", "a\\", "[a-]", "[\\", "[^]"])
def test_a_broken_part(pattern) -> None:
    with pytest.raises(InvalidArgument, match="syntax error in pattern"):
        compile_part(pattern)


def test_what_has_a_wildcard() -> None:
    assert [p for p in ("a", "a*", "a\\*", "\\\\*", "[x]", "?") if has_wildcard(p)] == [
        "a*",
        "\\\\*",
        "[x]",
        "?",
    ]


@pytest.mark.parametrize("path", ["a[b]*?", "a\\b", "plain", "d/[x"])
def test_an_escaped_path_means_itself(store, path) -> None:
    listing = context(store, {path: "x", "ab": "y", "d/z": "z"})
    assert [s.entry.path for s in choose(listing, Selection((escape(path),)))] == [path]


def test_any_depth_takes_time_that_grows_with_the_tree_only(store) -> None:
    path = "/".join(["d"] * 200)
    listing = context(store, {f"{path}/f": "f"})
    assert expand(listing, "/".join(["**"] * 60) + "/f", deep=True) == [f"{path}/f"]
    with pytest.raises(InvalidArgument, match="more than 128 parts"):
        expand(listing, "/".join(["*"] * 200), deep=True)


@pytest.mark.parametrize(
    ("patterns", "out", "kept"),
    [
        (["*.txt"], ["a.txt"], ["d/a.txt", "a.md"]),
        (["**/*.txt"], ["a.txt", "d/e/a.txt"], ["a.md"]),
        (["d"], ["d", "d/x", "d/e/f"], ["dd", "e/d"]),
        (["d/**"], ["d/x", "d/e/f"], ["e"]),
        (["d/", "!d/x"], ["d", "d/y"], ["d/x", "d/x/y"]),
        (["!a", "a"], ["a"], ["b"]),
        ([" a ", "", "."], ["a"], ["b"]),
    ],
)
def test_excludes(patterns, out, kept) -> None:
    excludes = Excludes(patterns)
    assert [path for path in out + kept if excludes.match(path)] == out


@pytest.mark.parametrize(
    ("text", "mode", "kind", "result"),
    [
        ("755", 0o644, "f", 0o755), ("07777", 0, "f", 0o7777), ("0", 0o777, "d", 0),
        ("u+x", 0o644, "f", 0o744), ("+x", 0o640, "f", 0o751), ("a-x,u+s", 0o777, "f", 0o4666),
        ("g=u,o=", 0o640, "f", 0o660), ("u=rwX,go=rX", 0o4600, "f", 0o644),
        ("u=rwX,go=rX", 0o600, "d", 0o755),
        ("go=rX", 0o700, "f", 0o755), ("+t", 0o777, "d", 0o1777), ("o-t", 0o1777, "d", 0o777),
        ("u=rw-w+x", 0o777, "f", 0o577), ("g+s", 0o755, "d", 0o2755),
    ],
)  # fmt: skip
def test_chmod(text, mode, kind, result) -> None:
    assert parse_chmod(text)(mode, kind) == result


@pytest.mark.parametrize("text", ["", "99999", "10000", "8", "u~x", "u", "u=rwx,", "x+u", "-", "u+rwu"])
def test_chmod_that_means_nothing(text) -> None:
    if text == "-":
        assert parse_chmod(text)(0o755, "f") == 0o755  # takes away nothing, as chmod(1) has it
        return
    with pytest.raises(InvalidArgument, match="invalid chmod parameter: "):
        parse_chmod(text)
