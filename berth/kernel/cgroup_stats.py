"""What a control group has used, in one shape for both generations: the numbers behind ``docker stats``.

Times are nanoseconds, sizes bytes. A counter that the host does not keep is 0 or absent, never invented.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from berth.kernel.cgroup import Cgroup, CgroupMode, read_keyed

_NS_PER_US = 1000
_UNLIMITED_V1 = 1 << 62
"""v1 writes "no limit" as the largest page-aligned number; nobody has half of that."""


class CpuStats(NamedTuple):
    """Time on all processors, and how often a quota stopped the group."""

    total_ns: int = 0
    user_ns: int = 0
    kernel_ns: int = 0
    per_cpu_ns: tuple[int, ...] = ()
    periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0


class MemoryStats(NamedTuple):
    """``limit`` is None without a limit; ``details`` are the kernel's own keys of memory.stat."""

    usage: int = 0
    peak: int = 0
    limit: int | None = None
    failures: int = 0
    details: Mapping[str, int] = MappingProxyType({})


class BlockEntry(NamedTuple):
    """One line of a block counter: which device, which operation (``Read``, ``Write``, ...), how much."""

    major: int
    minor: int
    operation: str
    value: int


class BlockStats(NamedTuple):
    """Bytes and requests per device."""

    bytes: tuple[BlockEntry, ...] = ()
    requests: tuple[BlockEntry, ...] = ()


class PidStats(NamedTuple):
    """Tasks now, and their limit (None without one)."""

    current: int = 0
    limit: int | None = None


class CgroupStats(NamedTuple):
    """One reading of a group."""

    cpu: CpuStats
    memory: MemoryStats
    block: BlockStats
    pids: PidStats


def read_stats(group: Cgroup) -> CgroupStats:
    """Read all counters of ``group``; zeros when it has gone."""
    if group.layout.mode is CgroupMode.V2:
        return CgroupStats(_cpu_v2(group), _memory_v2(group), _block_v2(group), _pids(group))
    return CgroupStats(_cpu_v1(group), _memory_v1(group), _block_v1(group), _pids(group))


def _number(directory: Path | None, name: str) -> int | None:
    """The number in a file; None for ``max``, a missing file, or a missing controller."""
    if directory is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        return int((directory / name).read_text(encoding="ascii"))
    return None


def _text(directory: Path | None, name: str) -> str:
    if directory is None:
        return ""
    with contextlib.suppress(OSError):
        return (directory / name).read_text(encoding="ascii")
    return ""


def _cpu_v1(group: Cgroup) -> CpuStats:
    account, cpu = group.directory("cpuacct"), group.directory("cpu")
    throttle = read_keyed(cpu / "cpu.stat") if cpu is not None else {}
    usage = read_keyed(account / "cpuacct.stat") if account is not None else {}
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    return CpuStats(
        total_ns=_number(account, "cpuacct.usage") or 0,
        user_ns=usage.get("user", 0) * tick_ns,
        kernel_ns=usage.get("system", 0) * tick_ns,
        per_cpu_ns=tuple(int(word) for word in _text(account, "cpuacct.usage_percpu").split()),
        periods=throttle.get("nr_periods", 0),
        throttled_periods=throttle.get("nr_throttled", 0),
        throttled_ns=throttle.get("throttled_time", 0),
    )


def _cpu_v2(group: Cgroup) -> CpuStats:
    directory = group.directory("cpu") or (group.layout.unified or Path("/nonexistent")) / group.path
    values = read_keyed(directory / "cpu.stat")
    return CpuStats(
        total_ns=values.get("usage_usec", 0) * _NS_PER_US,
        user_ns=values.get("user_usec", 0) * _NS_PER_US,
        kernel_ns=values.get("system_usec", 0) * _NS_PER_US,
        periods=values.get("nr_periods", 0),
        throttled_periods=values.get("nr_throttled", 0),
        throttled_ns=values.get("throttled_usec", 0) * _NS_PER_US,
    )


def _memory_v1(group: Cgroup) -> MemoryStats:
    directory = group.directory("memory")
    limit = _number(directory, "memory.limit_in_bytes")
    return MemoryStats(
        usage=_number(directory, "memory.usage_in_bytes") or 0,
        peak=_number(directory, "memory.max_usage_in_bytes") or 0,
        limit=None if limit is None or limit >= _UNLIMITED_V1 else limit,
        failures=_number(directory, "memory.failcnt") or 0,
        details=read_keyed(directory / "memory.stat") if directory is not None else {},
    )


def _memory_v2(group: Cgroup) -> MemoryStats:
    directory = group.directory("memory")
    return MemoryStats(
        usage=_number(directory, "memory.current") or 0,
        peak=_number(directory, "memory.peak") or 0,
        limit=_number(directory, "memory.max"),
        failures=read_keyed(directory / "memory.events").get("max", 0) if directory is not None else 0,
        details=read_keyed(directory / "memory.stat") if directory is not None else {},
    )


def _block_v1(group: Cgroup) -> BlockStats:
    directory = group.directory("blkio")
    for prefix in ("bfq.", "throttle."):
        sizes = _block_lines(_text(directory, f"blkio.{prefix}io_service_bytes_recursive"))
        if sizes:
            return BlockStats(sizes, _block_lines(_text(directory, f"blkio.{prefix}io_serviced_recursive")))
    return BlockStats()


def _block_lines(text: str) -> tuple[BlockEntry, ...]:
    """Lines ``MAJOR:MINOR Operation value``; the grand total without a device is left out."""
    entries = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and ":" in words[0]:
            major, _, minor = words[0].partition(":")
            entries.append(BlockEntry(int(major), int(minor), words[1], int(words[2])))
    return tuple(entries)


def _block_v2(group: Cgroup) -> BlockStats:
    """Lines ``MAJOR:MINOR rbytes=1 wbytes=2 rios=3 wios=4 ...``, named as dockerd names them."""
    sizes: list[BlockEntry] = []
    counts: list[BlockEntry] = []
    for line in _text(group.directory("io"), "io.stat").splitlines():
        words = line.split()
        if not words or ":" not in words[0]:
            continue
        major, minor = (int(part) for part in words[0].split(":"))
        values = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        for key, operation, target in (
            ("rbytes", "read", sizes),
            ("wbytes", "write", sizes),
            ("rios", "read", counts),
            ("wios", "write", counts),
        ):
            if key in values:
                target.append(BlockEntry(major, minor, operation, int(values[key])))
    return BlockStats(tuple(sizes), tuple(counts))


def _pids(group: Cgroup) -> PidStats:
    directory = group.directory("pids")
    return PidStats(_number(directory, "pids.current") or 0, _number(directory, "pids.max"))


def system_cpu_ns() -> int:
    """Time that all processors of the host have spent in any state: the base of the CPU percentage."""
    with open("/proc/stat", encoding="ascii") as file:
        words = file.readline().split()
    # Fields 1-7: user nice system idle iowait irq softirq. The rest is counted in user already, or steal.
    return sum(int(word) for word in words[1:8]) * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
