"""Paths below /proc and /sys that Docker hides from containers or shows read-only."""

import os
from functools import cache

READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

_MASKED = (
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip


@cache
def default_masked_paths() -> tuple[str, ...]:
    """Docker 28's set. The thermal counters of each CPU belong to it where the host has them: like
    /proc/interrupts they tell what other tenants do (GHSA-6fw5-f8r9-fgfm)."""
    root = "/sys/devices/system/cpu"
    try:
        cpus = [name for name in os.listdir(root) if name[:3] == "cpu" and name[3:].isdigit()]
    except OSError:
        cpus = []
    found = (f"{root}/{cpu}/thermal_throttle" for cpu in sorted(cpus, key=lambda name: int(name[3:])))
    return _MASKED + tuple(path for path in found if os.path.exists(path))
