"""What a test run may leave on a machine, and how to see it.

A snapshot is a set of lines, each naming one thing. What is there after the run and was not before is a
leftover, unless it goes away by itself within the patience below: the kernel takes network namespaces and
cgroups apart in its own time.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

_PATIENCE_S = 20.0
_STEP_S = 0.25
_COUNTERS = re.compile(r"\[\d+:\d+\]")
# Made once by the kernel, by iptables itself, or by the daemons that serve as reference, and harmless.
_PERMANENT = (
    re.compile(r"^cgroup \S*/docker$"),
    re.compile(r"^cgroup \S*/(libpod_parent|machine\.slice|user\.slice|init\.scope)"),
    re.compile(r"^rule \S+ [*:]"),
    re.compile(r"^table (ip|ip6|inet|bridge|arp) (nat|filter|mangle|raw|security)$"),
)


class Snapshot(NamedTuple):
    """The things of one moment."""

    things: frozenset[str]
    processes: frozenset[tuple[int, str]]

    @classmethod
    def take(cls) -> Self:
        things = [*_mounts(), *_namespaces(), *_links(), *_tables(), *_rules(), *_cgroups()]
        return cls(
            frozenset(t for t in things if not any(p.match(t) for p in _PERMANENT)),
            frozenset(_processes()),
        )


def describe_leftovers(before: Snapshot, run: tuple[str, ...] | None) -> list[str]:
    """Lines for what is new since ``before``.

    With ``run``, words that only this run uses, processes and mounts that mention none of them are somebody
    else's, as are other things that do not even mention berth. Waits for things that are on their way out,
    and returns as soon as nothing is left.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        after = Snapshot.take()
        left = [thing for thing in sorted(after.things - before.things) if _ours(thing, run)]
        for pid, start in sorted(after.processes - before.processes - _own_family()):
            process = Path("/proc", str(pid))
            line = _process_line(process)
            if line and _mentions(line + _process_marks(process), run):
                left.append(f"process {pid} (started {start}) {line}")
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_STEP_S)


def _ours(thing: str, run: tuple[str, ...] | None) -> bool:
    if run is None or thing.startswith("mount "):
        return _mentions(thing, run)
    if thing.startswith("cgroup ") and _populated(Path(thing.removeprefix("cgroup "))):
        return False  # its processes tell themselves whose they are
    return _mentions(thing, (*run, "berth"))


def _populated(cgroup: Path) -> bool:
    """Whether processes live in the cgroup or below it."""
    try:
        return any(file.read_text().strip() for file in cgroup.rglob("cgroup.procs"))
    except OSError:
        return False


def _mentions(text: str, words: tuple[str, ...] | None) -> bool:
    return words is None or any(word in text for word in words)


def _mounts() -> Iterable[str]:
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        yield f"mount {left.split(' ')[4]} ({right.split(' ')[0]} {right.split(' ')[1]})"


def _namespaces() -> Iterable[str]:
    directory = Path("/run/netns")
    return [f"netns {entry.name}" for entry in directory.iterdir()] if directory.is_dir() else []


def _links() -> Iterable[str]:
    return [f"link {name}" for name in os.listdir("/sys/class/net")]


def _output(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return done.stdout.splitlines()


def _tables() -> Iterable[str]:
    return _output("nft", "list", "tables")


def _rules() -> Iterable[str]:
    for program in ("iptables-save", "ip6tables-save"):
        for line in _output(program):
            if not line.startswith(("#", "COMMIT")):
                yield f"rule {program} {_COUNTERS.sub('', line)}"


def _cgroups() -> Iterable[str]:
    for directory, _, _ in os.walk("/sys/fs/cgroup"):
        yield f"cgroup {directory}"


def _processes() -> Iterable[tuple[int, str]]:
    """Every process that has a program, by number and start time: numbers come back."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _process_line(entry):
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), fields[19]


def _process_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _process_marks(process: Path) -> str:
    """Where else a process says whose it is: its cgroups and its environment."""
    text = ""
    for name in ("cgroup", "environ"):
        try:
            text += " " + (process / name).read_bytes().decode(errors="replace")
        except OSError:
            continue
    return text


def _own_family() -> set[tuple[int, str]]:
    """This process and its ancestors, which are no leftovers."""
    family = set()
    pid = os.getpid()
    while pid > 1:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        family.add((pid, fields[19]))
        pid = int(fields[1])
    return family
