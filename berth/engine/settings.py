"""What the daemon's configuration means to the engine: resolved values, no files and no flags."""

from pathlib import Path

import msgspec

from berth.build.cache_policy import Rule
from berth.engine.spec.host import LogConfig
from berth.engine.spec.resources import Ulimit


class RuntimeChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``runtimes``: a program and the arguments put before its command."""

    path: str
    args: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every default that a container or an answer of the engine takes from the configuration."""

    data_root: Path
    exec_root: Path
    default_runtime: str = ""
    runtimes: dict[str, RuntimeChoice] = {}
    log_config: LogConfig = LogConfig()
    default_ulimits: dict[str, Ulimit] = {}
    default_shm_size: int = 64 << 20
    default_ipc_mode: str = "private"
    default_cgroupns_mode: str = ""
    cgroup_parent: str = "berth"
    init: bool = False
    init_path: str = ""
    no_new_privileges: bool = False
    seccomp_profile: str = ""
    dns: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    debug: bool = False
    shutdown_timeout_s: int = 15
    stop_containers_on_exit: bool = False
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    layer_form: str = "auto"
    experimental: bool = False
    """What clients are told: some send flags only where it is true."""
    build_insecure: bool = False
    """Whether RUN --security=insecure is allowed (the entitlement security-insecure)."""
    build_rules: tuple[Rule, ...] | None = None
    """How the build cache is kept small: ``builder.gc``; None for the default, empty for not at all."""
