"""The checks that a create request passes before anything is made. Texts and order follow dockerd."""

import os
from collections.abc import Iterator, Sequence

from berth.base.errors import InvalidArgument
from berth.base.signals import parse_signal
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.health import HealthConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.resources import Resources
from berth.runtime.spec.capabilities import normalize

_MEMORY_MINIMUM = 6 << 20
_MILLISECOND_NS = 1_000_000
_POLICIES = ("", "no", "always", "on-failure", "unless-stopped")


def verify(config: ContainerConfig, host: HostConfig) -> list[str]:
    """Raise InvalidArgument for the first thing that is wrong; return warnings about the rest."""
    _check_config(config)
    _check_modes(config, host)
    _check_restart(host)
    for name in host.extra_hosts or ():
        if ":" not in name:
            raise InvalidArgument(f'bad format for add-host: "{name}"')
    if host.shm_size < 0:
        raise InvalidArgument("SHM size can not be less than 0")
    if not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidArgument(f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]")
    return verify_resources(host)


def _check_config(config: ContainerConfig) -> None:
    if config.working_dir and not config.working_dir.startswith("/"):
        raise InvalidArgument(
            f"the working directory '{config.working_dir}' is invalid, it needs to be an absolute path"
        )
    for item in config.env or ():
        if not item.partition("=")[0]:
            raise InvalidArgument(f"invalid environment variable: {item}")
        if "\0" in item:
            raise InvalidArgument(f"invalid environment variable: {item!r} holds a NUL byte")
    for part in (*(config.entrypoint or ()), *(config.cmd or ())):
        if "\0" in part:
            raise InvalidArgument("invalid command: it holds a NUL byte")
    if config.stop_signal:
        parse_signal(config.stop_signal)
    if config.stop_timeout is not None and config.stop_timeout < -1:
        raise InvalidArgument(f"invalid stop timeout {config.stop_timeout}: -1 or more seconds")
    if len(config.hostname) > 63:
        raise InvalidArgument(f"invalid hostname: {config.hostname}: longer than 63 characters")
    _check_health(config.healthcheck)


def _check_health(health: HealthConfig | None) -> None:
    if health is None:
        return
    durations = {
        "Interval": health.interval,
        "Timeout": health.timeout,
        "StartPeriod": health.start_period,
        "StartInterval": health.start_interval,
    }
    for name, value in durations.items():
        if value != 0 and value < _MILLISECOND_NS:
            raise InvalidArgument(f"{name} in Healthcheck cannot be less than 1ms")
    if health.retries < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative")


def _check_modes(config: ContainerConfig, host: HostConfig) -> None:
    _check_namespace("PID", host.pid_mode, ("", "host"))
    _check_namespace("IPC", host.ipc_mode, ("", "host", "private", "shareable", "none"))
    if host.uts_mode not in ("", "host"):
        raise InvalidArgument(f"invalid UTS mode: {host.uts_mode}")
    if host.userns_mode not in ("", "host"):
        raise InvalidArgument(f"invalid USER mode: {host.userns_mode}")
    if host.cgroupns_mode not in ("", "host", "private"):
        raise InvalidArgument(f"invalid CGROUP mode: {host.cgroupns_mode}")
    if host.isolation not in ("", "default"):
        raise InvalidArgument(f"invalid isolation ({host.isolation}): linux only supports 'default'")
    if host.uts_mode == "host" and config.hostname:
        raise InvalidArgument("conflicting options: hostname and the UTS mode")
    if host.network_mode.startswith("container:"):
        _check_shared_network(config, host)
    elif host.network_mode == "host" and host.links:
        raise InvalidArgument(
            "conflicting options: host type networking can't be used with links. "
            "This would result in undefined behavior"
        )


def _check_namespace(kind: str, mode: str, plain: tuple[str, ...]) -> None:
    if mode in plain or (mode.startswith("container:") and len(mode) > len("container:")):
        return
    raise InvalidArgument(f"invalid {kind} mode: {mode}")


def _check_shared_network(config: ContainerConfig, host: HostConfig) -> None:
    """A container in another one's network cannot have what belongs to that network."""
    if host.links:
        raise InvalidArgument(
            "conflicting options: container type network can't be used with links. "
            "This would result in undefined behavior"
        )
    conflicts = {
        "hostname and the network mode": config.hostname,
        "dns and the network mode": host.dns,
        "custom host-to-IP mapping and the network mode": host.extra_hosts,
        "mac-address and the network mode": config.mac_address,
        "port publishing and the container type network mode": host.port_bindings or host.publish_all_ports,
        "port exposing and the container type network mode": config.exposed_ports,
    }
    for words, value in conflicts.items():
        if value:
            raise InvalidArgument(f"conflicting options: {words}")


def check_capabilities(add: Sequence[str], drop: Sequence[str]) -> None:
    """Refuse names that no kernel knows, saying which list has them."""
    for field, names in (("CapAdd", add), ("CapDrop", drop)):
        try:
            normalize(names)
        except InvalidArgument as error:
            raise InvalidArgument(f"invalid {field}: {error.message}") from None


def _check_restart(host: HostConfig) -> None:
    policy = host.restart_policy
    check_policy(policy.name, policy.maximum_retry_count)
    if host.auto_remove and policy.name not in ("", "no"):
        raise InvalidArgument("can't create 'AutoRemove' container with restart policy")


def check_policy(name: str, maximum_retry_count: int) -> None:
    """Refuse a restart policy that means nothing."""
    if name not in _POLICIES:
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{name}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )
    if maximum_retry_count != 0 and name != "on-failure":
        word = "negative" if maximum_retry_count < 0 else ""
        if word:
            raise InvalidArgument(
                "invalid restart policy: maximum retry count cannot be used with restart policy "
                f"'{name or 'no'}' and cannot be negative"
            )
        raise InvalidArgument(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'"
        )
    if maximum_retry_count < 0:
        raise InvalidArgument("invalid restart policy: maximum retry count cannot be negative")


def verify_resources(given: Resources) -> list[str]:
    """The limits: impossible ones are refused, those that the kernel can't hold are warned about."""
    for problem in (*_memory_problems(given), *_cpu_problems(given)):
        raise InvalidArgument(problem)
    if given.blkio_weight and not 10 <= given.blkio_weight <= 1000:
        raise InvalidArgument("Range of blkio weight is from 10 to 1000")
    if given.pids_limit is not None and given.pids_limit < -1:
        raise InvalidArgument(f"Invalid value {given.pids_limit} for pids limit: -1 means unlimited")
    warnings = []
    if given.oom_kill_disable and not given.memory:
        warnings.append(
            "OOM killer is disabled for the container, but no memory limit is set, "
            "this can result in the system running out of resources."
        )
    return warnings


def _memory_problems(given: Resources) -> Iterator[str]:
    if given.memory and given.memory < _MEMORY_MINIMUM:
        yield "Minimum memory limit allowed is 6MB"
    if given.memory > 0 and 0 < given.memory_swap < given.memory:
        yield "Minimum memoryswap limit should be larger than memory limit, see usage"
    if given.memory == 0 and given.memory_swap > 0:
        yield "You should always set the Memory limit when using Memoryswap limit, see usage"
    swappiness = given.memory_swappiness
    if swappiness is not None and not -1 <= swappiness <= 100:
        yield f"Invalid value: {swappiness}, valid memory swappiness range is 0-100"
    if 0 < given.memory_reservation < _MEMORY_MINIMUM:
        yield "Minimum memory reservation allowed is 6MB"
    if given.memory > 0 and given.memory < given.memory_reservation:
        yield "Minimum memory limit can not be less than memory reservation limit, see usage"


def _cpu_problems(given: Resources) -> Iterator[str]:
    cpus = os.cpu_count() or 1
    if given.nano_cpus and given.cpu_period:
        yield "Conflicting options: Nano CPUs and CPU Period cannot both be set"
    if given.nano_cpus and given.cpu_quota:
        yield "Conflicting options: Nano CPUs and CPU Quota cannot both be set"
    if given.nano_cpus < 0 or given.nano_cpus > cpus * 1_000_000_000:
        yield f"range of CPUs is from 0.01 to {cpus}.00, as there are only {cpus} CPUs available"
    if given.cpu_period and not 1_000 <= given.cpu_period <= 1_000_000:
        yield "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
    if 0 < given.cpu_quota < 1_000:
        yield "CPU cfs quota can not be less than 1ms (i.e. 1000)"
    if given.cpu_shares < 0:
        yield f"invalid CPU shares ({given.cpu_shares}): value must be a positive integer"
    for name, text in (("cpus", given.cpuset_cpus), ("mems", given.cpuset_mems)):
        if text:
            yield from _cpuset_problems(name, text, cpus if name == "cpus" else None)


def _cpuset_problems(name: str, text: str, available: int | None) -> Iterator[str]:
    wanted: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()) or len(part) > 20:
            yield f"Invalid value {text} for cpuset {name}"
            return
        last = int(high or low)
        if last > 8192 or last < int(low):
            yield f"Invalid value {text} for cpuset {name}"
            return
        wanted.update(range(int(low), last + 1))
    if available is not None and any(cpu >= available for cpu in wanted):
        yield f"Requested CPUs are not available - requested {text}, available: 0-{available - 1}"
