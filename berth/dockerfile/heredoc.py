"""The ``<<NAME`` words of RUN, COPY and ADD, and what a RUN with heredocs runs.

A word is ``[number]<<[-]NAME``; a NAME with quotes switches expansion off, as in the shell.
"""

from typing import NamedTuple

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.expand import Keep, expand
from berth.dockerfile.instructions import Heredoc, Run
from berth.dockerfile.words import json_words, split_instruction

_TAKING = ("RUN", "COPY", "ADD")


class HeredocMark(NamedTuple):
    """One ``<<NAME`` word."""

    name: str
    expand: bool
    strip_tabs: bool
    fd: int


def _unset(_name: str) -> None:
    return None


def parse_mark(word: str) -> HeredocMark | None:
    """The meaning of one word, None when it is no heredoc. DockerfileError when its quotes do not match."""
    digits, marker, rest = word.partition("<<")
    if not marker or (digits and not (digits.isascii() and digits.isdecimal())):
        return None
    strip_tabs = rest.startswith("-")
    name = (rest[1:] if strip_tabs else rest).lstrip(" \t\r\n\f")
    if not name or "<" in name:
        return None
    plain = expand(name, _unset, keep=Keep(unset=True)).words
    if len(plain) != 1:
        return None
    quoted = expand(name, _unset, keep=Keep(unset=True, quotes=True)).words[0]
    same = _quotes(plain[0]) == _quotes(quoted)
    return HeredocMark(plain[0], same, strip_tabs, int(digits[:9] or "0"))


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')


def find_heredocs(line: str, escape: str) -> tuple[HeredocMark, ...]:
    """The heredocs that a logical line announces; only instructions that take them, in shell form, can."""
    if "<<" not in line:
        return ()
    keyword, _, rest = split_instruction(line, escape)
    if keyword.upper() == "ONBUILD":
        keyword, _, rest = split_instruction(rest, escape)
    if keyword.upper() not in _TAKING:
        return ()
    try:
        if json_words(rest) is not None:
            return ()
        words = expand(line, _unset, keep=Keep(quotes=True, escapes=True, unset=True)).words
        marks = [parse_mark(word) for word in words]
    except DockerfileError:  # quotes without an end, about which the instruction itself will complain
        return ()
    return tuple(mark for mark in marks if mark is not None)


def inline_script(run: Run) -> Heredoc | None:
    """The one heredoc that is the whole command (``RUN <<EOF``), so that its body is what runs.

    A body with ``#!`` is to be run as a file, any other is the text for the shell.
    """
    if not run.heredocs or not run.command.shell:
        return None
    try:
        whole = parse_mark(run.command.words[0])
    except DockerfileError:
        return None
    return run.heredocs[0] if whole is not None else None


def shell_text(run: Run) -> str:
    """What the shell gets: the body of an inline script, else the command with its heredocs put back."""
    script = inline_script(run)
    if script is not None:
        return script.body
    return run.command.words[0] + "".join(f"\n{doc.body}{doc.name}" for doc in run.heredocs)
