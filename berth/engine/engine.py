"""The engine's parts in one place. It holds them and opens nothing by itself: no logic lives here."""

from dataclasses import dataclass, field

from berth.base.tasks import TaskTree
from berth.engine.build.state import Builds
from berth.engine.container.registry import Registry
from berth.engine.exec.registry import ExecRegistry
from berth.engine.runtimes import Runtimes
from berth.engine.settings import Settings
from berth.image.pull import Puller
from berth.image.push import Pusher
from berth.image.store import ImageStore
from berth.kernel.cgroup import CgroupLayout
from berth.logs.keeper import LogKeeper
from berth.network.manager import NetworkManager
from berth.registry.registries import Registries
from berth.runtime.monitor import Monitor
from berth.runtime.spec.host import HostFacts
from berth.state.database import Database
from berth.state.events import EventLog
from berth.volume.store import VolumeStore


@dataclass(kw_only=True, slots=True)
class Engine:
    """One attribute per part. ``settings`` and ``runtimes`` are replaced by a reload of the configuration."""

    settings: Settings
    database: Database
    events: EventLog
    images: ImageStore
    networks: NetworkManager
    volumes: VolumeStore
    monitor: Monitor
    runtimes: Runtimes
    registries: Registries
    puller: Puller
    pusher: Pusher
    builds: Builds
    cgroups: CgroupLayout
    host: HostFacts
    tasks: TaskTree
    identity: str
    """The engine's own id, shown by ``info``; kept in the state file."""
    log_keeper: LogKeeper = field(default_factory=LogKeeper)
    containers: Registry = field(default_factory=Registry)
    execs: ExecRegistry = field(default_factory=ExecRegistry)
    warnings: list[str] = field(default_factory=list)
    """What the administrator should know, shown by ``info``: unknown configuration keys, and the like."""
