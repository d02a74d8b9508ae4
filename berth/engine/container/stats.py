"""``stats``: what a container uses, once or every second."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from berth.engine.container.cell import Cell
from berth.engine.container.cgroups import cgroup_of
from berth.engine.engine import Engine
from berth.kernel.cgroup_stats import CgroupStats, read_stats, system_cpu_ns

_INTERVAL_S = 1.0


class InterfaceStats(NamedTuple):
    """Counters of one interface as the container sees it."""

    name: str
    rx_bytes: int
    rx_packets: int
    rx_errors: int
    rx_dropped: int
    tx_bytes: int
    tx_packets: int
    tx_errors: int
    tx_dropped: int


class StatsSample(NamedTuple):
    """One reading. ``previous`` is the reading before, for rates; None in the first one of a stream.

    ``group`` is None for a container that does not run. ``read_ns`` is nanoseconds since the epoch.
    """

    id: str
    name: str
    read_ns: int
    group: CgroupStats | None
    system_cpu_ns: int
    online_cpus: int
    memory_limit: int
    interfaces: tuple[InterfaceStats, ...]
    previous: "StatsSample | None" = None


async def stats(
    engine: Engine, ref: str, *, stream: bool = True, one_shot: bool = False
) -> AsyncIterator[StatsSample]:
    """Readings until the container is gone; without ``stream`` one, with ``previous`` unless ``one_shot``."""
    cell = engine.containers.resolve(ref)
    previous: StatsSample | None = None
    if not stream:
        if not one_shot and cell.state.running:
            previous = _sample(engine, cell, None)
            await asyncio.sleep(_INTERVAL_S)
        yield _sample(engine, cell, previous)
        return
    while engine.containers.get(cell.id) is cell:
        current = _sample(engine, cell, previous)
        yield current
        previous = current._replace(previous=None)
        await asyncio.sleep(_INTERVAL_S)


def _sample(engine: Engine, cell: Cell, previous: StatsSample | None) -> StatsSample:
    record = cell.record
    running = record.state.running
    group = read_stats(cgroup_of(engine, record)) if running else None
    limit = group.memory.limit if group is not None else None
    return StatsSample(
        id=record.id,
        name=record.name,
        read_ns=time.time_ns(),
        group=group,
        system_cpu_ns=system_cpu_ns(),
        online_cpus=os.cpu_count() or 1,
        memory_limit=limit if limit is not None else _host_memory(),
        interfaces=_interfaces(record.state.pid) if running and record.host.network_mode != "host" else (),
        previous=previous,
    )


def _host_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _interfaces(pid: int) -> tuple[InterfaceStats, ...]:
    """The container's interfaces without loopback, from the network namespace of its first process."""
    try:
        lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    except OSError:
        return ()
    found = []
    for line in lines:
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            continue
        n = [int(word) for word in counters.split()]
        found.append(InterfaceStats(name.strip(), n[0], n[1], n[2], n[3], n[8], n[9], n[10], n[11]))
    return tuple(found)
