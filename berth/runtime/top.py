"""``top``: what ps(1) says about a container's processes (dockerd's ContainerTop)."""

from collections.abc import Collection
from typing import NamedTuple

from berth.base.errors import Internal, InvalidArgument
from berth.runtime.programs import find_program
from berth.runtime.spawn import run_program

_DEFAULT = "-ef"


class Top(NamedTuple):
    """A table: titles, and one row per process with as many words; the last may hold blanks."""

    titles: tuple[str, ...]
    processes: tuple[tuple[str, ...], ...]


async def top(pids: Collection[int], ps_args: str = "") -> Top:
    """Run ps with ``ps_args`` (default ``-ef``) and keep the rows of ``pids``.

    InvalidArgument for arguments that dockerd refuses, Internal with ps's own words when it fails.
    """
    text = ps_args or _DEFAULT
    _check(text)
    program = find_program("ps")
    if program is None:
        raise Internal('ps: exec: "ps": executable file not found in $PATH', hint="install procps")
    words = [str(program), *text.split(" ")]
    done = await run_program([*words, "-q" + ",".join(str(pid) for pid in sorted(pids))])
    if done.code != 0:
        # Some options (such as f) do not go with -q.
        done = await run_program(words)
    if done.code != 0:
        said = done.stderr.decode("utf-8", "replace").split("\n", 1)[0]
        raise Internal(f"ps: {said or f'exit status {done.code}'}")
    return parse_ps(done.stdout.decode("utf-8", "replace"), pids)


def parse_ps(output: str, pids: Collection[int]) -> Top:
    """The rows whose PID column is one of ``pids``; thread rows (PID ``-``) follow their process."""
    lines = output.split("\n")
    titles = tuple(_words(lines[0]))
    if "PID" not in titles:
        raise Internal("Couldn't find PID field in ps output")
    column = titles.index("PID")
    rows: list[tuple[str, ...]] = []
    ours = False
    for line in lines[1:]:
        words = _words(line)
        if len(words) <= column:
            continue
        if words[column] != "-":
            if not words[column].isdecimal():
                raise Internal(f"Unexpected pid '{words[column]}'")
            ours = int(words[column]) in pids
        if ours:
            last = len(titles) - 1
            rows.append((*words[:last], " ".join(words[last:])))
    return Top(titles, tuple(rows))


def _check(ps_args: str) -> None:
    """A renamed PID column (``-o ppid=PID``) would show processes of others."""
    words = [word for part in ps_args.split() for word in part.split(",")]
    for index, word in enumerate(words):
        name, equals, title = word.partition("=")
        if equals and not title and index + 1 < len(words):
            title = words[index + 1]
        if equals and title.startswith("PID") and name != "pid":
            raise InvalidArgument(f'specifying "{name}={title}" is not allowed')


def _words(line: str) -> list[str]:
    """Split at ASCII blanks only: a command line may hold other kinds."""
    for blank in "\t\n\f\r":
        line = line.replace(blank, " ")
    return [word for word in line.split(" ") if word]
