"""``stats``: the kernel's counters under the names that Docker gave them."""

from berth.api.shape.times import ZERO, rfc3339
from berth.api.shape.wire import Json
from berth.api.versions import Version
from berth.engine.container.stats import StatsSample
from berth.kernel.cgroup_stats import BlockEntry, CpuStats

_STORAGE_LISTS = (
    "io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive", "io_merged_recursive",
    "io_time_recursive", "sectors_recursive",
)  # fmt: skip


def stats(sample: StatsSample, version: Version) -> Json:
    """One line of ``GET /containers/{id}/stats``. A container that does not run has zeros."""
    previous = sample.previous
    shaped: Json = {
        "name": f"/{sample.name}",
        "id": sample.id,
        **({"os_type": "linux"} if version >= (1, 52) else {}),
        "read": rfc3339(sample.read_ns) if sample.group else ZERO,
        "preread": rfc3339(previous.read_ns) if previous and sample.group else ZERO,
        "pids_stats": _pids(sample),
        "blkio_stats": _block(sample),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(sample),
        "precpu_stats": _cpu(previous),
        "memory_stats": _memory(sample),
    }
    if sample.interfaces:
        shaped["networks"] = {
            interface.name: {name: value for name, value in interface._asdict().items() if name != "name"}
            for interface in sample.interfaces
        }
    return shaped


def _pids(sample: StatsSample) -> Json:
    if sample.group is None:
        return {}
    pids = sample.group.pids
    shaped: Json = {"current": pids.current} if pids.current else {}
    if pids.limit is not None:
        shaped["limit"] = pids.limit
    return shaped


def _block(sample: StatsSample) -> Json:
    block = sample.group.block if sample.group else None
    return {
        "io_service_bytes_recursive": _entries(block.bytes if block else None),
        "io_serviced_recursive": _entries(block.requests if block else None),
        **{name: None if block is None else [] for name in _STORAGE_LISTS},
    }


def _entries(entries: tuple[BlockEntry, ...] | None) -> list[Json] | None:
    if entries is None:
        return None
    return [
        {"major": entry.major, "minor": entry.minor, "op": entry.operation.lower(), "value": entry.value}
        for entry in entries
    ]


def _cpu(sample: StatsSample | None) -> Json:
    cpu = sample.group.cpu if sample is not None and sample.group is not None else CpuStats()
    usage: Json = {"total_usage": cpu.total_ns}
    if cpu.per_cpu_ns:
        usage["percpu_usage"] = list(cpu.per_cpu_ns)
    usage["usage_in_kernelmode"] = cpu.kernel_ns
    usage["usage_in_usermode"] = cpu.user_ns
    shaped: Json = {"cpu_usage": usage}
    if sample is not None and sample.group is not None:
        shaped["system_cpu_usage"] = sample.system_cpu_ns
        shaped["online_cpus"] = sample.online_cpus
    shaped["throttling_data"] = {
        "periods": cpu.periods,
        "throttled_periods": cpu.throttled_periods,
        "throttled_time": cpu.throttled_ns,
    }
    return shaped


def _memory(sample: StatsSample) -> Json:
    if sample.group is None:
        return {}
    memory = sample.group.memory
    shaped: Json = {"usage": memory.usage}
    if memory.peak:
        shaped["max_usage"] = memory.peak
    shaped["stats"] = dict(memory.details)
    if memory.failures:
        shaped["failcnt"] = memory.failures
    shaped["limit"] = sample.memory_limit
    return shaped
