"""The part of a container that is about this host (``container.HostConfig`` of Docker's API)."""

from msgspec import field

from berth.engine.spec.mounts import Mount
from berth.engine.spec.naming import Record, Uint64, Words
from berth.engine.spec.network import PortBinding
from berth.engine.spec.resources import Resources


class LogConfig(Record, frozen=True, kw_only=True):
    """Log driver and its options; an empty type means the daemon's default."""

    type: str = ""
    config: dict[str, str] = field(default_factory=dict)


class RestartPolicy(Record, frozen=True, kw_only=True):
    """``name`` is empty, no, always, on-failure or unless-stopped."""

    name: str = ""
    maximum_retry_count: int = 0


class HostConfig(Resources, frozen=True, kw_only=True):
    """Where and under which rules a container runs; limits and devices are inherited (flat on the wire).

    ``masked_paths`` and ``readonly_paths`` tell nil (None: the default set) from empty (none at all).
    ``console_size`` is (height, width); ``shm_size`` is bytes, 0 for the default.
    """

    binds: tuple[str, ...] = ()
    container_id_file: str = ""
    log_config: LogConfig = LogConfig()
    network_mode: str = ""
    port_bindings: dict[str, tuple[PortBinding, ...]] = field(default_factory=dict)
    restart_policy: RestartPolicy = RestartPolicy()
    auto_remove: bool = False
    volume_driver: str = ""
    volumes_from: tuple[str, ...] = ()
    console_size: tuple[Uint64, Uint64] = (0, 0)
    annotations: dict[str, str] = field(default_factory=dict)
    cap_add: Words = ()
    cap_drop: Words = ()
    cgroupns_mode: str = ""
    dns: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    ipc_mode: str = ""
    cgroup: str = ""
    links: tuple[str, ...] = ()
    oom_score_adj: int = 0
    pid_mode: str = ""
    privileged: bool = False
    publish_all_ports: bool = False
    readonly_rootfs: bool = False
    security_opt: tuple[str, ...] = ()
    storage_opt: dict[str, str] = field(default_factory=dict)
    tmpfs: dict[str, str] = field(default_factory=dict)
    uts_mode: str = ""
    userns_mode: str = ""
    shm_size: int = 0
    sysctls: dict[str, str] = field(default_factory=dict)
    runtime: str = ""
    isolation: str = ""
    mounts: tuple[Mount, ...] = ()
    masked_paths: tuple[str, ...] | None = None
    readonly_paths: tuple[str, ...] | None = None
    init: bool | None = None
