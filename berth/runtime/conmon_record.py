"""What a run directory tells a later daemon about the conmon of a run.

::

    <run dir>/config.json    the specification
              monitor.json   written here right after conmon's start
              pid            the container's process 1, written by the runtime
              attach, ctl    conmon's socket and control pipe
              input-taken    the input ends with the daemon's connection, and there was one
              exit, oom      written by conmon at the end, or when memory ran out
"""

import contextlib
import os
from pathlib import Path

import msgspec

from berth.kernel.pidfd import PidFd, process_start_time, read_small

RECORD = "monitor.json"
CONTAINER_PID = "pid"
EXIT = "exit"
OOM = "oom"


class MonitorRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Enough to talk to a conmon that somebody else started."""

    conmon_pid: int
    conmon_start: int
    conmon_number: int = 0
    """``process_number`` of conmon. An exec root is of one boot, so the number is."""
    terminal: bool
    stdin: bool
    end_with_client: bool
    cgroup: str


_DECODER = msgspec.json.Decoder(MonitorRecord)


def write_record(run_dir: Path, record: MonitorRecord) -> None:
    """Keep the record; visible whole or not at all."""
    new = run_dir / f".{RECORD}"
    new.write_bytes(msgspec.json.encode(record))
    new.rename(run_dir / RECORD)


def read_record(run_dir: Path) -> MonitorRecord | None:
    """The record of a run, None when there is none or it was cut short."""
    try:
        return _DECODER.decode(read_small(f"{run_dir}/{RECORD}"))
    except (OSError, msgspec.DecodeError):
        return None


class _Trace(msgspec.Struct, frozen=True, array_like=True):
    record: MonitorRecord
    pid: int


_TRACES = msgspec.json.Decoder(_Trace)


def write_trace(record: MonitorRecord, pid: int) -> str:
    """What the run's row keeps, so that a start need not read the files of every run; empty where the kernel
    has no number that tells this conmon from all others."""
    return msgspec.json.encode(_Trace(record, pid)).decode() if record.conmon_number else ""


def read_trace(trace: str) -> tuple[MonitorRecord, int] | None:
    """The record and the container's pid; None when the trace says nothing."""
    try:
        found = _TRACES.decode(trace) if trace else None
    except msgspec.DecodeError:
        return None
    return (found.record, found.pid) if found is not None and found.record.conmon_number else None


def read_number(path: str | Path) -> int | None:
    """The number in a file, None when it is missing or empty yet."""
    try:
        return int(read_small(os.fspath(path)))
    except (OSError, ValueError):
        return None


def open_conmon(record: MonitorRecord) -> PidFd | None:
    """The conmon of a record, None when it has ended."""
    try:
        return PidFd.open(record.conmon_pid, record.conmon_start, record.conmon_number)
    except (ProcessLookupError, OSError):
        return None


def find_conmons(run_dir: Path) -> list[PidFd]:
    """Every conmon that serves ``run_dir``, recorded or not: a crash may have come before the record."""
    found = []
    wanted = os.fsencode(run_dir)
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
            if b"--bundle" in words[1:] and words[words.index(b"--bundle") + 1] == wanted:
                start = process_start_time(int(name))
                if start is not None and words[0].endswith(b"conmon"):
                    found.append(PidFd.open(int(name), start))
    return found
