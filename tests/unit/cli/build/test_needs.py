"""What of a context a Dockerfile can read: too much is slow, too little is wrong."""

import pytest

from berth.cli.build.needs import needs_of


def needs(text: str, args: dict[str, str | None] | None = None, triggers: tuple[str, ...] = ()) -> object:
    asked: list[str] = []

    def has_triggers(name: str) -> bool:
        asked.append(name)
        return name in triggers

    found = needs_of(text.encode(), args or {}, has_triggers)
    return "everything" if found.everything else found.patterns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM x\nRUN true\n", []),
        ("FROM x\nCOPY a.txt b/ /c/\n", [("a.txt",), ("b",)]),
        ("FROM x\nCOPY ./src/*.py /c/\nADD lib.tar /l\n", [("src", "*.py"), ("lib.tar",)]),
        ("FROM x\nCOPY ../up /c\n", [("up",)]),
        ("FROM x\nCOPY a/../b /c\n", [("b",)]),
        ("FROM x\nCOPY /abs/path /c\n", [("abs", "path")]),
        ("FROM x\nADD https://host/file git@host:x.git /c/\n", []),
        ("FROM x AS a\nCOPY one /\nFROM a\nCOPY --from=a /two /\nCOPY three /\n", [("one",), ("three",)]),
        ("FROM x\nCOPY [a-z].txt /c\n", "everything"),
        ("FROM x\nCOPY src/[a-z].txt /c\n", [("src",)]),
        ("FROM x\nCOPY --parents src/./**/*.py /c/\n", [("src",)]),
        ("FROM x\nCOPY . /c\n", "everything"),
        ("FROM x\nCOPY --chown=1:1 . /c\n", "everything"),
        ('FROM x\nCOPY ["./", "/c"]\n', "everything"),
        ("FROM x\nARG F\nCOPY $F /c\n", "everything"),
        ("FROM x\nRUN --mount=type=bind,target=/src make\n", "everything"),
        ("FROM x\nRUN --mount=source=go.mod,target=go.mod make\n", [("go.mod",)]),
        ("FROM x AS y\nFROM y\nRUN --mount=from=y,target=/a --mount=type=cache,target=/b make\n", []),
        ("FROM x\nCOPY <<EOF /c\nCOPY this /is/text\nEOF\n", []),
        ("# syntax=docker/dockerfile:1\nFROM x\nCOPY a /\n", [("a",)]),
        ("FORM x\nCOPY a /\n", []),
    ],
)
def test_patterns(text: str, expected: object) -> None:
    assert needs(text) == expected


def test_triggers_of_a_base_may_read_anything() -> None:
    assert needs("FROM python:onbuild\nCOPY a /\n", triggers=("python:onbuild",)) == "everything"
    assert needs("FROM python:3\nCOPY a /\n", triggers=("python:onbuild",)) == [("a",)]


def test_bases_are_named_by_arguments() -> None:
    text = "ARG V=3\nFROM python:$V\nCOPY a /\n"
    assert needs(text, triggers=("python:3",)) == "everything"
    assert needs(text, {"V": "4"}, triggers=("python:3",)) == [("a",)]
    assert needs("ARG V\nFROM $V\nCOPY a /\n") == "everything"


def test_stages_and_scratch_are_no_images() -> None:
    assert needs("FROM scratch AS One\nCOPY a /\nFROM one\n", triggers=("scratch", "one", "One")) == [("a",)]
