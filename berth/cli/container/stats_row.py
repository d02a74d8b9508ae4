"""What a container uses, as one line of ``stats``, computed from the daemon's counters as Docker does."""

from berth.base.units import human_binary_size, human_size
from berth.cli.format.rows import Row
from berth.cli.format.text import truncate_id

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_HEADERS = {
    "Container": "CONTAINER",
    "Name": "NAME",
    "ID": "CONTAINER ID",
    "CPUPerc": "CPU %",
    "MemUsage": "MEM USAGE / LIMIT",
    "MemPerc": "MEM %",
    "NetIO": "NET I/O",
    "BlockIO": "BLOCK I/O",
    "PIDs": "PIDS",
}
COLUMNS = ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs")
_UNKNOWN = "--"


class StatsRow(Row):
    """Cells of one reading; before the first one, and after a silence, most of them are dashes.

    ``asked`` is the name or id that the reading was asked for by.
    """

    GO_TYPE = "*container.statsContext"
    HEADERS = _HEADERS
    CELLS = ("BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO", "PIDs")

    def __init__(self, asked: str, reading: "dict[str, Any]", *, valid: bool, trunc: bool) -> None:
        self._asked = asked
        self._reading = reading
        self._valid = valid
        self._trunc = trunc

    def Container(self) -> str:
        """As it was asked for."""
        return self._asked

    def Name(self) -> str:
        """The name."""
        name = str(self._reading.get("name", ""))
        return name[1:] if len(name) > 1 else _UNKNOWN

    def ID(self) -> str:
        """The id, short unless ``--no-trunc``."""
        identity = str(self._reading.get("id", ""))
        return truncate_id(identity) if self._trunc else identity

    def CPUPerc(self) -> str:
        """Share of one processor since the reading before; two busy ones are 200%."""
        return f"{cpu_percent(self._reading):.2f}%" if self._valid else _UNKNOWN

    def MemUsage(self) -> str:
        """Bytes used without reclaimable cache, and the limit."""
        if not self._valid:
            return f"{_UNKNOWN} / {_UNKNOWN}"
        memory = self._reading.get("memory_stats") or {}
        used, limit = memory_used(memory), memory.get("limit", 0)
        return f"{human_binary_size(used)} / {human_binary_size(limit)}"

    def MemPerc(self) -> str:
        """Used share of the limit."""
        if not self._valid:
            return _UNKNOWN
        memory = self._reading.get("memory_stats") or {}
        limit = memory.get("limit", 0)
        return f"{memory_used(memory) / limit * 100 if limit else 0.0:.2f}%"

    def NetIO(self) -> str:
        """Bytes received and sent over all interfaces."""
        networks = (self._reading.get("networks") or {}).values()
        received = sum(entry.get("rx_bytes", 0) for entry in networks)
        sent = sum(entry.get("tx_bytes", 0) for entry in networks)
        return f"{human_size(received)} / {human_size(sent)}" if self._valid else _UNKNOWN

    def BlockIO(self) -> str:
        """Bytes read from and written to disks."""
        if not self._valid:
            return _UNKNOWN
        entries = (self._reading.get("blkio_stats") or {}).get("io_service_bytes_recursive") or ()
        sums = {"r": 0, "w": 0}
        for entry in entries:
            direction = str(entry.get("op", ""))[:1].lower()
            if direction in sums:
                sums[direction] += entry.get("value", 0)
        return f"{human_size(sums['r'])} / {human_size(sums['w'])}"

    def PIDs(self) -> str:
        """How many processes and threads."""
        return str((self._reading.get("pids_stats") or {}).get("current", 0)) if self._valid else _UNKNOWN


def cpu_percent(reading: "dict[str, Any]") -> float:
    """The container's part of the machine's time since the reading before, per processor."""
    now, before = reading.get("cpu_stats") or {}, reading.get("precpu_stats") or {}
    usage = now.get("cpu_usage") or {}
    spent = usage.get("total_usage", 0) - (before.get("cpu_usage") or {}).get("total_usage", 0)
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    processors = now.get("online_cpus", 0) or len(usage.get("percpu_usage") or ())
    return float(spent / passed * processors * 100) if passed > 0 and spent > 0 else 0.0


def memory_used(memory: "dict[str, Any]") -> int:
    """Usage less the page cache that could be dropped (cgroup v1 and v2 name it differently)."""
    usage = int(memory.get("usage", 0))
    counters = memory.get("stats") or {}
    cache = counters.get("total_inactive_file")
    if cache is not None and cache < usage:
        return usage - int(cache)
    cache = counters.get("inactive_file", 0)
    return usage - int(cache) if cache < usage else usage
