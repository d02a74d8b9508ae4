"""``berth update``."""

from berth.base.errors import BerthError, InvalidArgument
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path
from berth.cli.container.spec.numbers import parse_bytes, parse_cpus, parse_swap
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    (
        Flag(
            "blkio-weight",
            "",
            "uint16",
            "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
        ),
        Flag("cpu-period", "", "int", "Limit CPU CFS (Completely Fair Scheduler) period"),
        Flag("cpu-quota", "", "int", "Limit CPU CFS (Completely Fair Scheduler) quota"),
        Flag("cpu-rt-period", "", "int", "Limit the CPU real-time period in microseconds"),
        Flag("cpu-rt-runtime", "", "int", "Limit the CPU real-time runtime in microseconds"),
        Flag("cpu-shares", "c", "int", "CPU shares (relative weight)"),
        Flag("cpus", "", "decimal", "Number of CPUs", default=0, parse=parse_cpus),
        Flag("cpuset-cpus", "", "string", "CPUs in which to allow execution (0-3, 0,1)"),
        Flag("cpuset-mems", "", "string", "MEMs in which to allow execution (0-3, 0,1)"),
        Flag(
            "kernel-memory",
            "",
            "bytes",
            "Kernel memory limit (deprecated)",
            parse=parse_bytes,
            hidden=True,
        ),
        Flag("memory", "m", "bytes", "Memory limit", parse=parse_bytes),
        Flag("memory-reservation", "", "bytes", "Memory soft limit", parse=parse_bytes),
        Flag(
            "memory-swap",
            "",
            "bytes",
            "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
            parse=parse_swap,
        ),
        Flag("pids-limit", "", "int", "Tune container pids limit (set -1 for unlimited)"),
        Flag("restart", "", "string", "Restart policy to apply when a container exits"),
    ),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container update", "update"),
)
_NAMES = {
    "blkio_weight": "BlkioWeight",
    "cpu_period": "CpuPeriod",
    "cpu_quota": "CpuQuota",
    "cpu_rt_period": "CpuRealtimePeriod",
    "cpu_rt_runtime": "CpuRealtimeRuntime",
    "cpu_shares": "CpuShares",
    "cpus": "NanoCpus",
    "cpuset_cpus": "CpusetCpus",
    "cpuset_mems": "CpusetMems",
    "kernel_memory": "KernelMemory",
    "memory": "Memory",
    "memory_reservation": "MemoryReservation",
    "memory_swap": "MemorySwap",
    "pids_limit": "PidsLimit",
}


def run(cli: "Cli", options: "Options") -> int:
    """Change limits and restart policy of containers; prints their names, then the daemon's warnings."""
    if not any(options.changed(name) for name in (*_NAMES, "restart")):
        raise InvalidArgument("you must provide one or more flags when using this command")
    body: dict[str, Any] = {key: getattr(options, name) for name, key in _NAMES.items()}
    body = {key: value for key, value in body.items() if value}
    if options.restart:
        from berth.cli.container.spec.body import restart_policy

        body["RestartPolicy"] = restart_policy(options.restart)
    errors: list[BerthError] = []
    warnings: list[str] = []
    for name in options.args:
        try:
            answer = cli.client.post(container_path(name) + "/update", None, body)
        except BerthError as error:
            errors.append(error)
        else:
            cli.out.line(name)
            warnings += (answer or {}).get("Warnings") or ()
    if warnings:
        cli.out.line("\n".join(warnings))
    if errors:
        hint = next((error.hint for error in errors if error.hint), None)
        raise Exit(1, "\n".join(str(error) for error in errors), hint=hint)
    return 0
