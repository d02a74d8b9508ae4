"""What is known of a container: identity and specification, which stay, and state, which is replaced.

All types are frozen; a change makes a new record. They are stored as JSON in the state file, the state
apart from the rest because it is what changes.
"""

import enum

import msgspec

from berth.base.digest import Digest
from berth.base.ids import ContainerId
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.network import EndpointSettings
from berth.network.records import PublishedPort


class Status(enum.StrEnum):
    """Docker's container states, one at a time. The legal moves are in ``lifecycle``."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Who made the object: the peer of the socket connection (SO_PEERCRED), or -1 over TCP."""

    uid: int = -1
    gid: int = -1
    user: str = ""


class MountPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One resolved mount of a container, as ``inspect`` lists it under Mounts."""

    kind: str
    """bind, volume or tmpfs."""
    destination: str
    source: str = ""
    name: str = ""
    """The volume's name, for volumes."""
    driver: str = ""
    mode: str = ""
    writable: bool = True
    propagation: str = ""
    copy_up: bool = False
    """Fill an empty volume from the image's content at the destination."""
    anonymous: bool = False
    """The volume was made for this container alone and goes with it (``--rm``, ``rm -v``)."""
    subpath: str = ""
    options: tuple[str, ...] = ()
    """Further mount options, for tmpfs."""
    recursive: bool = True


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the health check; ``output`` holds at most 4096 bytes (Docker's limit)."""

    started_at: int
    ended_at: int
    exit_code: int
    output: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """starting, healthy or unhealthy, with the last five probes."""

    status: str = "starting"
    failing_streak: int = 0
    log: tuple[ProbeResult, ...] = ()


class EndpointState(msgspec.Struct, frozen=True, kw_only=True):
    """A live connection to one network, as ``inspect`` shows it."""

    network_id: str
    endpoint_id: str = ""
    ipv4: str = ""
    prefix_length: int = 0
    gateway: str = ""
    ipv6: str = ""
    ipv6_prefix_length: int = 0
    ipv6_gateway: str = ""
    mac: str = ""


class ContainerState(msgspec.Struct, frozen=True, kw_only=True):
    """The changing part. Times are nanoseconds since the epoch, 0 for never."""

    status: Status = Status.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int = 0
    finished_at: int = 0
    restart_count: int = 0
    stopped_by_user: bool = False
    """A stop or kill was asked for: the restart policies other than ``always`` leave it alone."""
    takes_volumes: bool = False
    """A removal has begun that takes the anonymous volumes along."""
    trace: str = ""
    """``Process.trace`` of the present run, or of the last one."""
    health: Health | None = None
    endpoints: dict[str, EndpointState] = {}
    ports: tuple[PublishedPort, ...] = ()

    @property
    def running(self) -> bool:
        """Whether a process exists: running or paused."""
        return self.status in (Status.RUNNING, Status.PAUSED)


class ContainerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one container."""

    id: ContainerId
    name: str
    """Without the leading slash of Docker's JSON."""
    created_at: int
    owner: Owner
    image_id: Digest
    config: ContainerConfig
    """As created: the request merged with the image's own configuration."""
    host: HostConfig
    endpoints: dict[str, EndpointSettings]
    """The networks asked for, by name."""
    mounts: tuple[MountPoint, ...] = ()
    path: str = ""
    args: tuple[str, ...] = ()
    platform: str = "linux"
    hostname_path: str = ""
    hosts_path: str = ""
    resolv_conf_path: str = ""
    log_path: str = ""
    build: str = ""
    """The build that works on it, by its id; it does not outlive that daemon. Empty for all others."""
    state: ContainerState = ContainerState()
    revision: int = 0
    """Counts the changes; a cache of anything made from the record is keyed by it."""
