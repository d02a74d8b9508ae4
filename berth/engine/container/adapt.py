"""The defaults that the engine adds to a host configuration, fixed at create and shown by ``inspect``."""

from msgspec.structs import replace

from berth.engine.engine import Engine
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig, LogConfig
from berth.kernel.cgroup import CgroupMode
from berth.logs.drivers import check_log_options
from berth.runtime.spec.paths import READONLY, default_masked_paths


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
    plain = _guarded_paths(host)
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
        masked_paths=host.masked_paths if plain is None else plain[0],
        readonly_paths=host.readonly_paths if plain is None else plain[1],
    )


def _guarded_paths(host: HostConfig) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Docker's sets of masked and read-only paths, for a container that has no say of its own."""
    if host.masked_paths is not None or host.readonly_paths is not None or host.privileged:
        return None
    return default_masked_paths(), READONLY


def _cgroupns(engine: Engine, host: HostConfig) -> str:
    """Docker's default: private on cgroup v2, the host's on v1 and for privileged containers."""
    if engine.settings.default_cgroupns_mode:
        return engine.settings.default_cgroupns_mode
    return "private" if engine.cgroups.mode is CgroupMode.V2 and not host.privileged else "host"


def _memory_swap(host: HostConfig) -> int:
    """A memory limit without a swap limit allows as much swap again (dockerd's default)."""
    return host.memory * 2 if host.memory > 0 and host.memory_swap == 0 else host.memory_swap
