"""The resources section: limits in the runtime specification's words, used at create and by ``update``."""

from collections.abc import Sequence
from typing import Any

from berth.runtime.spec.options import BlockLimit, DeviceRule, Limits

_PERIOD_US = 100_000


def limit_section(limits: Limits) -> dict[str, Any]:
    """``linux.resources`` without devices; only what is set."""
    parts = {"memory": _memory(limits), "cpu": _cpu(limits), "blockIO": _block(limits)}
    section: dict[str, Any] = {name: part for name, part in parts.items() if part}
    if limits.pids is not None:
        # Zero and below lift the limit; runtimes take -1 for that, and a later update needs it said.
        section["pids"] = {"limit": limits.pids if limits.pids > 0 else -1}
    return section


def _memory(limits: Limits) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if limits.memory > 0:
        part["limit"] = limits.memory
    if limits.memory_reservation > 0:
        part["reservation"] = limits.memory_reservation
    if limits.memory_swap:
        part["swap"] = limits.memory_swap
    if limits.memory_swappiness is not None and limits.memory_swappiness >= 0:
        part["swappiness"] = limits.memory_swappiness
    if limits.oom_kill_disable is not None:
        part["disableOOMKiller"] = limits.oom_kill_disable
    return part


def _cpu(limits: Limits) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if limits.nano_cpus > 0:
        part["period"] = _PERIOD_US
        part["quota"] = limits.nano_cpus * _PERIOD_US // 1_000_000_000
    pairs = (
        ("shares", limits.cpu_shares),
        ("period", limits.cpu_period),
        ("quota", limits.cpu_quota),
        ("realtimePeriod", limits.cpu_realtime_period),
        ("realtimeRuntime", limits.cpu_realtime_runtime),
        ("cpus", limits.cpuset_cpus),
        ("mems", limits.cpuset_mems),
    )
    part.update((name, value) for name, value in pairs if value)
    return part


def _block(limits: Limits) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if limits.blkio_weight:
        part["weight"] = limits.blkio_weight
    if limits.blkio_weight_devices:
        part["weightDevice"] = _devices(limits.blkio_weight_devices, "weight")
    for name, entries in (
        ("throttleReadBpsDevice", limits.read_bps),
        ("throttleWriteBpsDevice", limits.write_bps),
        ("throttleReadIOPSDevice", limits.read_iops),
        ("throttleWriteIOPSDevice", limits.write_iops),
    ):
        if entries:
            part[name] = _devices(entries, "rate")
    return part


def _devices(entries: Sequence[BlockLimit], key: str) -> list[dict[str, int]]:
    return [{"major": e.major, "minor": e.minor, key: e.value} for e in entries]


def rule_section(rules: Sequence[DeviceRule], *, privileged: bool) -> list[dict[str, Any]]:
    """``linux.resources.devices``: everything when privileged, else Docker's few and those asked for."""
    if privileged:
        return [{"allow": True, "access": "rwm"}]
    section: list[dict[str, Any]] = [{"allow": False, "access": "rwm"}]
    for major, minor in ((1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1)):
        section.append({"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"})
    section.append({"allow": False, "type": "c", "major": 10, "minor": 229, "access": "rwm"})
    section += [_rule(rule) for rule in rules]
    return section


def _rule(rule: DeviceRule) -> dict[str, Any]:
    entry: dict[str, Any] = {"allow": rule.allow, "type": rule.kind, "access": rule.access}
    if rule.major >= 0:
        entry["major"] = rule.major
    if rule.minor >= 0:
        entry["minor"] = rule.minor
    return entry
