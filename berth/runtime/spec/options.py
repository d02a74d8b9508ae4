"""What a container's process is given, in resolved values: the input of ``build_spec``.

Names have become ids, defaults have been applied, paths are absolute. Nothing here is looked up again.
"""

from typing import Any

import msgspec

PRIVATE = "private"
HOST = "host"


class UserIds(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs the command. ``groups`` are the supplementary ones; ``home`` is empty when nobody said."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = ""


class Namespaces(msgspec.Struct, frozen=True, kw_only=True):
    """Per kind: PRIVATE (a new one), HOST (none), or the path of a namespace to join.

    ``ipc`` may also be ``none``: private and without /dev/shm. ``network`` PRIVATE is a new, empty one.
    """

    pid: str = PRIVATE
    ipc: str = PRIVATE
    uts: str = PRIVATE
    network: str = PRIVATE
    cgroup: str = PRIVATE


class MountSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One mount that was asked for.

    ``kind`` is bind (volumes too) or tmpfs. ``options`` are Docker's words for a tmpfs (``size=64m``).
    ``read_only_recursive``: None does what the host can, True demands it, False leaves inner mounts writable.
    """

    kind: str
    destination: str
    source: str = ""
    writable: bool = True
    propagation: str = ""
    recursive: bool = True
    read_only_recursive: bool | None = None
    options: tuple[str, ...] = ()


class DeviceNode(msgspec.Struct, frozen=True, kw_only=True):
    """A device node to be made inside: ``kind`` is c, b or p, ``mode`` permission bits."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int = 0o666
    uid: int = 0
    gid: int = 0


class DeviceRule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the device cgroup; -1 (and kind ``a``) match everything; ``access`` is letters of rwm."""

    kind: str = "a"
    major: int = -1
    minor: int = -1
    access: str = "rwm"
    allow: bool = True


class BlockLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A weight or a rate (bytes or operations per second) of one block device."""

    major: int
    minor: int
    value: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the cgroup. Zero or empty means not limited, as in Docker's API.

    Units: bytes, microseconds, ``nano_cpus`` 1e-9 CPUs. ``memory_swap`` is memory and swap, -1 unlimited.
    """

    memory: int = 0
    memory_reservation: int = 0
    memory_swap: int = 0
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    cpu_shares: int = 0
    nano_cpus: int = 0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids: int | None = None
    blkio_weight: int = 0
    blkio_weight_devices: tuple[BlockLimit, ...] = ()
    read_bps: tuple[BlockLimit, ...] = ()
    write_bps: tuple[BlockLimit, ...] = ()
    read_iops: tuple[BlockLimit, ...] = ()
    write_iops: tuple[BlockLimit, ...] = ()


class Rlimit(msgspec.Struct, frozen=True, kw_only=True):
    """One resource limit by Docker's short name; -1 is unlimited."""

    name: str
    soft: int
    hard: int


class SpecOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``config.json`` says, before the OCI wording.

    ``masked_paths`` and ``readonly_paths`` None take Docker's default sets (none when privileged).
    ``seccomp`` is a profile already resolved (``seccomp.profile``), None for unconfined. ``hooks`` is passed
    through as it is. ``shm_source`` is a directory to show as /dev/shm instead of a tmpfs of ``shm_size``.
    ``init_path`` is the host's program that becomes process 1, empty for none.
    """

    container_id: str
    rootfs: str
    args: tuple[str, ...]
    env: tuple[str, ...] = ()
    cwd: str = "/"
    user: UserIds = UserIds()
    terminal: bool = False
    console_size: tuple[int, int] | None = None
    hostname: str = ""
    domainname: str = ""
    readonly_rootfs: bool = False
    namespaces: Namespaces = Namespaces()
    mounts: tuple[MountSpec, ...] = ()
    shm_size: int = 64 << 20
    shm_source: str = ""
    init_path: str = ""
    privileged: bool = False
    capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = False
    writable_cgroups: bool | None = None
    apparmor_profile: str = ""
    seccomp: dict[str, Any] | None = None
    masked_paths: tuple[str, ...] | None = None
    readonly_paths: tuple[str, ...] | None = None
    devices: tuple[DeviceNode, ...] = ()
    device_rules: tuple[DeviceRule, ...] = ()
    limits: Limits = Limits()
    rlimits: tuple[Rlimit, ...] = ()
    sysctls: dict[str, str] = {}
    oom_score_adj: int = 0
    annotations: dict[str, str] = {}
    cgroup_path: str = ""
    hooks: dict[str, Any] = {}
