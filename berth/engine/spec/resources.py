"""Limits and devices (``container.Resources``): the part of a host configuration that can change later."""

from msgspec import field

from berth.engine.spec.naming import Record, Uint16, Uint64


class WeightDevice(Record, frozen=True, kw_only=True):
    """Block I/O weight of one device, by path."""

    path: str = ""
    weight: Uint16 = 0


class ThrottleDevice(Record, frozen=True, kw_only=True):
    """Block I/O limit of one device: bytes or operations per second."""

    path: str = ""
    rate: Uint64 = 0


class DeviceMapping(Record, frozen=True, kw_only=True):
    """A host device (or a directory of devices) shown inside; permissions are letters of ``rwm``."""

    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""


class DeviceRequest(Record, frozen=True, kw_only=True):
    """Devices asked for by ability: ``capabilities`` is an OR of ANDs, ``count`` -1 means all."""

    driver: str = ""
    count: int = 0
    device_ids: tuple[str, ...] = ()
    capabilities: tuple[tuple[str, ...], ...] = ()
    options: dict[str, str] = field(default_factory=dict)


class Ulimit(Record, frozen=True, kw_only=True):
    """One resource limit by its short name (``nofile``); -1 is unlimited."""

    name: str = ""
    hard: int = 0
    soft: int = 0


class Resources(Record, frozen=True, kw_only=True):
    """Zero means "not limited" or "not said" throughout; None where Docker's API tells null from zero.

    Units: memory in bytes (``memory_swap`` is memory plus swap, -1 unlimited), ``nano_cpus`` in 1e-9 CPUs,
    CPU periods and quotas in microseconds.
    """

    cpu_shares: int = 0
    memory: int = 0
    nano_cpus: int = 0
    cgroup_parent: str = ""
    blkio_weight: Uint16 = 0
    blkio_weight_device: tuple[WeightDevice, ...] = ()
    blkio_device_read_bps: tuple[ThrottleDevice, ...] = ()
    blkio_device_write_bps: tuple[ThrottleDevice, ...] = ()
    blkio_device_read_iops: tuple[ThrottleDevice, ...] = ()
    blkio_device_write_iops: tuple[ThrottleDevice, ...] = ()
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    devices: tuple[DeviceMapping, ...] = ()
    device_cgroup_rules: tuple[str, ...] = ()
    device_requests: tuple[DeviceRequest, ...] = ()
    memory_reservation: int = 0
    memory_swap: int = 0
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    pids_limit: int | None = None
    ulimits: tuple[Ulimit, ...] = ()
    # Windows only: accepted, shown back, without effect here.
    cpu_count: int = 0
    cpu_percent: int = 0
    io_maximum_iops: Uint64 = 0
    io_maximum_bandwidth: Uint64 = 0
    # Gone from the API, still sent by clients up to 28: accepted without effect.
    kernel_memory: int = 0
    kernel_memory_tcp: int = 0
