"""A step that failed: where it stands in the Dockerfile, what it printed last, and what to do about it."""

from berth.cli.build.text import LogTail, paint

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_OUTPUT_LINES = 20


def excerpt(record: "dict[str, Any]", *, colour: bool) -> list[str]:
    """``FILE:LINE`` and the lines around it, those of the instruction marked; empty without a line."""
    line = record.get("line", 0)
    lines = record.get("excerpt") or ()
    if not line:
        return []
    where = f"{record.get('file') or 'Dockerfile'}:{line}"
    shown = [paint(where, "bold", colour=colour)]
    first = record.get("excerpt_line") or line
    last = record.get("end_line") or line
    digits = len(str(first + len(lines)))
    for number, text in enumerate(lines, first):
        inside = line <= number <= last
        mark = ">" if inside else "|"
        row = f"  {number:>{digits}} {mark} {text}".rstrip()
        shown.append(paint(row, "red" if inside else "dim", colour=colour))
    return shown


def local_excerpt(dockerfile: bytes, name: str, line: int, end_line: int = 0) -> "dict[str, Any]":
    """The same fields from our own copy of the file, for a daemon that only says the line."""
    lines = dockerfile.decode("utf-8", "replace").splitlines()
    if not 0 < line <= len(lines):
        return {}
    start = max(1, line - 2)
    return {
        "file": name,
        "line": line,
        "end_line": end_line or line,
        "excerpt": lines[start - 1 : max(end_line, line) + 2],
        "excerpt_line": start,
    }


def find_step(dockerfile: bytes, text: str) -> tuple[int, int]:
    """The lines of the instruction that is shown as ``text``; zeros when it is not found, or found twice."""
    from berth.dockerfile.errors import DockerfileError
    from berth.dockerfile.parser import parse

    try:
        stages = parse(dockerfile).stages
    except DockerfileError:
        return 0, 0
    every = [step for stage in stages for step in (stage.from_, *stage.instructions)]
    wanted = " ".join(text.split())
    found = [(step.line, step.end_line) for step in every if " ".join(step.original.split()) == wanted]
    return found[0] if len(found) == 1 else (0, 0)


def report(record: "dict[str, Any]", *, bar: str, colour: bool, tried_shell: bool) -> list[str]:
    """Everything about a failed step that helps; the error itself is shown behind it."""
    lines = excerpt(record, colour=colour)
    tail = LogTail()
    tail.feed(record.get("output_tail", ""))
    output = tail.last(_OUTPUT_LINES)
    if output:
        lines += ["", "its last output:", *(f"  {bar} {text}" for text in output)]
    command, code = record.get("command"), record.get("code")
    if code is not None:
        what = f": {' '.join(command.split())}" if command else ""
        lines += ["", f"exit code {code}{what}"]
    container = record.get("container")
    if container and not tried_shell:
        lines += ["", "to look around where it failed:", f"  {bar} build again with --shell-on-fail"]
    return ["", *lines, ""] if lines else []
