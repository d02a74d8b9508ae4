"""From the text of a Dockerfile to its logical lines: continuations joined, comments gone, heredocs read.

The rules are BuildKit's: an escape character at the end of a line (blanks may follow it, another escape may
not precede it) joins the next line; between joined lines, comment lines vanish and empty lines are skipped
with a warning; the lines behind one with ``<<NAME`` are the bodies of its heredocs.
"""

from collections.abc import Iterator
from typing import NamedTuple

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.heredoc import HeredocMark, find_heredocs
from berth.dockerfile.instructions import Heredoc

_LINE_LIMIT = 65535  # bytes of one line, Docker's limit; bodies of heredocs have none


class LogicalLine(NamedTuple):
    """One instruction as text. ``line`` and ``end_line`` count from 1; ``comments`` stand right above it."""

    text: str
    line: int
    end_line: int
    heredocs: tuple[Heredoc, ...]
    comments: tuple[str, ...]
    empty_continuation: int  # the last line of the instruction's text when it has empty lines, else 0


def split_lines(data: bytes) -> tuple[str, ...]:
    """The lines without their ends, and without the byte-order mark. What is not UTF-8 becomes U+FFFD."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def logical_lines(lines: tuple[str, ...], escape: str, *, skip: int = 0) -> Iterator[LogicalLine]:
    """Walk through ``lines``; the first ``skip`` are directives, which are no comments."""
    at = skip
    comments: list[str] = []
    while at < len(lines):
        first = lines[at].lstrip()
        if first.startswith("#"):
            comment = first[1:].strip()
            if comment:
                comments.append(comment)
            else:
                comments = []
            at += 1
            continue
        start = at
        text, at, empty = _join(lines, at, escape)
        if not text.strip():
            continue
        joined_to = at
        heredocs, at = _bodies(lines, at, start + 1, find_heredocs(text, escape))
        yield LogicalLine(text.strip(), start + 1, at, heredocs, tuple(comments), joined_to if empty else 0)
        comments = []


def _join(lines: tuple[str, ...], at: int, escape: str) -> tuple[str, int, bool]:
    """The logical line that begins at ``at``, the index behind it, and whether empty lines were skipped."""
    parts: list[str] = []
    empty = False
    line, goes_on = _continuation(_checked(lines, at).lstrip(), escape)
    parts.append(line)
    at += 1
    while goes_on and at < len(lines):
        raw = _checked(lines, at)
        at += 1
        stripped = raw.lstrip()
        if stripped.startswith("#"):
            continue
        if not stripped:
            empty = True
            continue
        line, goes_on = _continuation(raw, escape)
        parts.append(line)
    return "".join(parts), at, empty


def _checked(lines: tuple[str, ...], at: int) -> str:
    line = lines[at]
    if len(line) * 4 >= _LINE_LIMIT and len(line.encode()) >= _LINE_LIMIT:
        raise DockerfileError(
            f"failed to parse Dockerfile: dockerfile line greater than max allowed size of {_LINE_LIMIT}",
            line=at + 1,
        )
    return line


def _continuation(line: str, escape: str) -> tuple[str, bool]:
    stripped = line.rstrip(" \t")
    if stripped.endswith(escape) and not stripped.endswith(escape * 2):
        return stripped[:-1], True
    return line, False


def _bodies(
    lines: tuple[str, ...], at: int, start: int, marks: tuple[HeredocMark, ...]
) -> tuple[tuple[Heredoc, ...], int]:
    """The bodies of ``marks``, which stand behind one another from ``at`` on, and the index behind them."""
    found: list[Heredoc] = []
    for mark in marks:
        body: list[str] = []
        while True:
            if at >= len(lines):
                raise DockerfileError("failed to parse Dockerfile: unterminated heredoc", line=start)
            line = lines[at].lstrip("\t") if mark.strip_tabs else lines[at]
            at += 1
            if line == mark.name:
                break
            body.append(line + "\n")
        found.append(Heredoc(mark.name, "".join(body), mark.expand, mark.fd))
    return tuple(found), at
