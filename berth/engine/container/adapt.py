"""The defaults that the engine adds to a host configuration, fixed at create and shown by ``inspect``."""

from msgspec.structs import replace

from berth.engine.engine import Engine
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig, LogConfig
from berth.kernel.cgroup import CgroupMode
from berth.logs.drivers import check_log_options


def adapt_host(engine: Engine, config: ContainerConfig, host: HostConfig) -> HostConfig:
    """``host`` with modes, log driver, runtime, sizes and limits filled in as dockerd does.

    Raises InvalidArgument for an unknown runtime or log driver.
    """
    settings = engine.settings
    network_mode = host.network_mode
    if network_mode in ("", "default"):
        network_mode = "none" if config.network_disabled else "bridge" if not network_mode else "default"
    runtime = host.runtime or engine.runtimes.default
    engine.runtimes.check(runtime)
    log = host.log_config
    if not log.type:
        log = LogConfig(type=settings.log_config.type, config={**settings.log_config.config, **log.config})
    check_log_options(log.type, log.config)
    names = {limit.name for limit in host.ulimits}
    defaults = tuple(limit for name, limit in settings.default_ulimits.items() if name not in names)
    return replace(
        host,
        network_mode=network_mode,
        runtime=runtime,
        log_config=log,
        ulimits=host.ulimits + defaults,
        ipc_mode=host.ipc_mode or settings.default_ipc_mode,
        cgroupns_mode=host.cgroupns_mode or _cgroupns(engine, host),
        shm_size=host.shm_size or settings.default_shm_size,
        restart_policy=replace(host.restart_policy, name=host.restart_policy.name or "no"),
        memory_swap=_memory_swap(host),
        oom_kill_disable=host.oom_kill_disable,
    )


def _cgroupns(engine: Engine, host: HostConfig) -> str:
    """Docker's default: private on cgroup v2, the host's on v1 and for privileged containers."""
    if engine.settings.default_cgroupns_mode:
        return engine.settings.default_cgroupns_mode
    return "private" if engine.cgroups.mode is CgroupMode.V2 and not host.privileged else "host"


def _memory_swap(host: HostConfig) -> int:
    """A memory limit without a swap limit allows as much swap again (dockerd's default)."""
    return host.memory * 2 if host.memory > 0 and host.memory_swap == 0 else host.memory_swap
