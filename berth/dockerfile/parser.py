"""From the bytes of a Dockerfile to stages of typed instructions."""

from berth.dockerfile.directives import parse_directives
from berth.dockerfile.errors import DockerfileError, SyntaxProblem
from berth.dockerfile.grammar import KEYWORDS, Source, parse_source
from berth.dockerfile.instructions import (
    Arg,
    Dockerfile,
    From,
    Instruction,
    Notice,
    OnBuild,
    StageInstruction,
    StageSource,
)  # fmt: skip
from berth.dockerfile.lines import LogicalLine, logical_lines, split_lines
from berth.dockerfile.text import blank_separated, did_you_mean
from berth.dockerfile.words import split_instruction


def parse(data: bytes) -> Dockerfile:
    """The whole file. DockerfileError with the line of the first thing that is wrong."""
    lines = split_lines(data)
    directives, taken = parse_directives(lines)
    preamble: list[Arg] = []
    stages: list[tuple[From, list[StageInstruction]]] = []
    warnings: list[Notice] = []
    comments: list[tuple[int, tuple[str, ...]]] = []
    empty = True
    for logical in logical_lines(lines, directives.escape, skip=taken):
        empty = False
        if logical.empty_continuation:
            text = f"Empty continuation line found in:\n    {logical.text}"
            at = logical.empty_continuation
            warnings.append(Notice("NoEmptyContinuation", text, at, at))
        if logical.comments:
            comments.append((logical.line, logical.comments))
        instruction = _parse_line(logical, directives.escape)
        if isinstance(instruction, From):
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif isinstance(instruction, Arg):
            preamble.append(instruction)
        else:
            raise DockerfileError("no build stage in current context", line=logical.line)
    if empty:
        raise DockerfileError("failed to parse Dockerfile: file with no instructions")
    if not stages:
        raise DockerfileError("dockerfile contains no stages to build")
    return Dockerfile(
        directives,
        tuple(preamble),
        tuple(StageSource(first, tuple(rest)) for first, rest in stages),
        lines,
        tuple(warnings),
        tuple(comments),
    )


def parse_instruction(text: str, escape: str = "\\") -> Instruction:
    """One instruction alone: a trigger of ONBUILD, a change of ``commit`` and ``import``.

    Its lines are 0, and errors are worded without a line.
    """
    lines = tuple(line.rstrip("\r") for line in text.split("\n"))
    found = list(logical_lines(lines, escape))
    if len(found) != 1:
        count = "no" if not found else "more than one"
        raise DockerfileError(f"{count} instruction in a text for one")
    return _parse_text(found[0], escape)._replace(original=found[0].text)


def _parse_line(logical: LogicalLine, escape: str) -> Instruction:
    try:
        return _parse_text(logical, escape)._replace(
            line=logical.line, end_line=logical.end_line, original=logical.text
        )
    except SyntaxProblem as error:
        message = f"failed to parse Dockerfile: {error.message}"
        raise DockerfileError(message, line=logical.line, hint=_place(logical)) from None
    except DockerfileError as error:
        message = f"dockerfile parse error on line {logical.line}: {error.message}"
        raise DockerfileError(message, line=logical.line, hint=_place(logical)) from None


def _place(logical: LogicalLine) -> str:
    shown = logical.text if len(logical.text) <= 80 else logical.text[:77] + "..."
    return f"line {logical.line}: {shown}"


def _parse_text(logical: LogicalLine, escape: str) -> Instruction:
    keyword, flags, rest = split_instruction(logical.text, escape)
    name = keyword.upper()
    if name not in KEYWORDS:
        raise DockerfileError(f"unknown instruction: {keyword}{_meant(keyword)}")
    if name == "ONBUILD":
        return _parse_trigger(logical, flags, escape)
    return parse_source(Source(name, flags, rest, logical.heredocs, escape))


def _meant(keyword: str) -> str:
    """The suggestion in the case of the slip."""
    if keyword == keyword.lower():
        return did_you_mean(keyword, [name.lower() for name in KEYWORDS])
    return did_you_mean(keyword.upper(), KEYWORDS)


def _parse_trigger(logical: LogicalLine, flags: list[str], escape: str) -> OnBuild:
    """The trigger is parsed too, so that a slip is told to the author of the base, not to its users."""
    parts = blank_separated(logical.text, 1)
    if flags:
        raise DockerfileError(f"unknown flag: {flags[0][2:].partition('=')[0]}")
    if len(parts) < 2:
        raise DockerfileError("ONBUILD requires at least one argument")
    trigger = parts[1]
    keyword = blank_separated(trigger, 1)[0].upper()
    if keyword == "ONBUILD":
        raise DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if keyword in ("MAINTAINER", "FROM"):
        raise DockerfileError(f"{keyword} isn't allowed as an ONBUILD trigger")
    _parse_text(logical._replace(text=trigger), escape)
    return OnBuild(trigger + "".join(f"\n{doc.body}{doc.name}" for doc in logical.heredocs))
