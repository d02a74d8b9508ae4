"""Ignore files: which paths are left out, which are taken back, and where a walk may stop."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.ignore import IgnoreFile


def ignore(*lines):
    return IgnoreFile.parse("\n".join(lines).encode())


# pattern -> paths that it excludes, paths that it does not
PATTERNS = {
    "file": (["file", "file/x"], ["files", "x/file", "fil"]),
    "a/b": (["a/b", "a/b/c/d"], ["a", "a/c", "x/a/b"]),
    "/a/": (["a", "a/b"], ["b/a"]),
    "./a//b/../c": (["a/c"], ["a/b"]),
    "*": (["a", ".a", "a/b"], []),
    "*.go": (["x.go", ".go", "x.go/y"], ["x.goo", "a/x.go"]),
    "a*": (["a", "abc", "ab/c"], ["ba"]),
    "*/b": (["a/b", "x/b/c"], ["b", "a/c/b"]),
    "a*/b": (["a/b", "abc/b"], ["a/c/b"]),
    "?": (["a", "é", "☺"], ["ab", ""]),
    "a?c": (["abc", "a.c"], ["ac", "a/c", "abbc"]),
    ".*": ([".git", ".git/x"], ["a.b"]),
    "a.b": (["a.b"], ["aXb"]),
    "[a-c]x": (["ax", "cx"], ["dx", "x", "-x"]),
    "[^a-c]x": (["dx", "éx"], ["ax", "/x"]),
    r"[\]x\-]": (["]", "x", "-"], ["\\", "y"]),
    r"a\*b": (["a*b"], ["axb", "a\\*b"]),
    r"a\\b": ([r"a\b"], ["ab"]),
    "**": (["a", "a/b", ".a"], []),
    "**/": (["a", "a/b"], []),
    "**/x": (["x", "a/x", "a/b/x", "a/x/y"], ["ax", "xa", "a/bx"]),
    "**/x/y": (["x/y", "a/x/y"], ["x", "y"]),
    "**x": (["x", "ax", "a/x", "a/bx"], ["xa"]),
    "**/*.txt": (["a.txt", "b/a.txt", "c/b/a.txt"], ["a.tx", "txt"]),
    "**/**/*.txt": (["a.txt", "b/a.txt", "d/c/b/a.txt"], ["a.txt2"]),
    "**/d/*": (["d/x", "a/d/x"], ["d", "a/d"]),
    "**/d/**": (["d/x", "a/d/x/y"], ["d", "a/d"]),
    "d/**": (["d/x", "d/x/y"], ["d", "e/d/x"]),
    "a/**/z": (["a/z", "a/b/z", "a/b/c/z"], ["az", "b/a/z"]),
    "a**/z": (["a/z", "ab/z", "ab/c/z"], ["b/z"]),
    "a/**/b/**/c*": (["a/b/c", "a/x/b/y/z/cc"], ["a/c", "a/b", "a/x/c/b"]),
    "a(b)|{c}+$": (["a(b)|{c}+$"], ["ab"]),
    "a*b*c*d": (["abcd", "axbxcxd", "abbccbcd"], ["abdc"]),
    "a b": (["a b"], ["a"]),
    ".": ([], ["a", "."]),
    "/": ([], ["a"]),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern):
    file = ignore(pattern)
    excluded, kept = PATTERNS[pattern]
    assert [path for path in excluded if not file.excludes(path)] == []
    assert [path for path in kept if file.excludes(path)] == []


# rules -> paths that are left out, paths that are not
RULES = {
    ("docs", "!docs/a"): (["docs", "docs/b"], ["docs/a"]),
    ("docs/*", "!docs/a"): (["docs/b"], ["docs", "docs/a"]),
    ("*.md", "!R*.md", "R-old.md"): (["a.md", "R-old.md"], ["R.md"]),
    ("!a", "a"): (["a"], []),
    ("**", "!src"): (["x", "x/src"], ["src", "src/a/b"]),
    ("**", "!src", "src/gen"): (["src/gen", "src/gen/x"], ["src/a"]),
    ("**", "!**/*.py"): (["a", "a/b.txt"], ["a.py", "a/b/c.py"]),
    ("*", "! /in/x"): (["in", "in/y"], ["in/x"]),
    # What a rule takes back at a directory that nothing excluded counts for nothing further down.
    ("x/y", "!x"): (["x/y"], ["x", "x/z"]),
}


@pytest.mark.parametrize("rules", RULES)
def test_rules(rules):
    file = ignore(*rules)
    out, kept = RULES[rules]
    assert [path for path in out if not file.excludes(path)] == []
    assert [path for path in kept if file.excludes(path)] == []


def test_what_counts_in_the_file():
    file = IgnoreFile.parse(b"\xef\xbb\xbf# no\r\n  a  \r\n\n\t\n #b\n!c\n")
    assert file.rules == ("a", "#b", "!c")
    assert file.takes_back
    assert not IgnoreFile.parse(b"").takes_back


def test_the_rule_that_decided():
    file = ignore("# words", "*.log", "!keep.log", "")
    match = file.matches("a.log")
    assert (match.excluded, match.rule, match.line) == (True, "*.log", 2)
    match = file.matches("keep.log")
    assert (match.excluded, match.rule, match.line) == (False, "!keep.log", 3)
    assert file.matches("other") is None
    match = ignore("a", "b").matches("a/b/c")
    assert (match.rule, match.line) == ("a", 1)


@pytest.mark.parametrize("bad", ["[", "a[", "[a", "[]a]", "[-x]", "[x-]", "[b-a]", "[^", "a\\", "!", "! "])
def test_malformed(bad):
    with pytest.raises(DockerfileError) as caught:
        ignore("fine", bad)
    assert caught.value.line == 2


def test_names_that_are_not_text():
    file = IgnoreFile.parse(b"\xff*\n")
    assert file.excludes(b"\xff-name".decode("utf-8", "surrogateescape"))


# rules, directory -> whether a walk must look into it
DESCENTS = {
    (("a",), "a"): False,
    (("a",), "b"): True,
    (("a", "!b"), "a"): False,
    (("a", "!a/b/c"), "a"): True,
    (("a", "!a/b/c"), "a/b"): True,
    (("a", "!a/b/c"), "a/x"): False,
    (("a", "!a/b/*.c"), "a/b"): True,
    (("a", "!a/b/*.c"), "a/x"): False,
    (("a", "!**/c"), "a/x"): True,
    (("**", "!src"), "src"): True,
    (("**", "!src"), "doc"): False,
}


def test_descent():
    assert {key: ignore(*key[0]).may_descend(key[1]) for key in DESCENTS} == DESCENTS


@pytest.mark.parametrize(
    ("rule", "everything"), [("*", True), ("**", True), ("**/*", True), (".*", False), ("!*", False)]
)
def test_excluding_everything(rule, everything):
    assert ignore(rule).excludes_everything() is everything


def test_hostile_patterns_take_no_time_to_speak_of():
    long_name = "a" * 255
    deep = "/".join(["a"] * 500)
    for pattern in ("*a" * 40 + "*b", "**/a*a/**/*a*a/**/b", "**/" * 60 + "b", "a/**/" * 60 + "b"):
        file = ignore(pattern)
        assert not file.excludes(long_name)
        assert not file.excludes(deep)
    with pytest.raises(DockerfileError, match=r"too many \*\* inside names"):
        ignore("a**a**a**b")


def test_a_path_of_thousands_of_directories():
    assert ignore("*/*/x").excludes("a/b/x" + "/d" * 20_000)


def test_more_directories_than_are_remembered():
    file = ignore("d7*/x")
    assert sum(file.excludes(f"d{i}/x") for i in range(10_000)) == 1111
