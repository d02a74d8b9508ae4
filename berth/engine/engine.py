"""The engine's parts in one place. It holds them and opens nothing by itself: no logic lives here."""

from berth.base.tasks import TaskTree
from berth.engine.container.registry import Registry
from berth.engine.exec.registry import ExecRegistry
from berth.engine.runtimes import Runtimes
from berth.engine.settings import Settings
from berth.image.store import ImageStore
from berth.network.manager import NetworkManager
from berth.kernel.cgroup import CgroupLayout
from berth.runtime.monitor import Monitor
from berth.state.database import Database
from berth.state.events import EventLog
from berth.volume.store import VolumeStore


class Engine:
    """One attribute per part. ``settings`` and ``runtimes`` are replaced by a reload."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        images: ImageStore,
        networks: NetworkManager,
        volumes: VolumeStore,
        monitor: Monitor,
        runtimes: Runtimes,
        cgroups: CgroupLayout,
        tasks: TaskTree,
    ) -> None:
        self.settings = settings
        self.database = database
        self.events = EventLog(database)
        self.images = images
        self.networks = networks
        self.volumes = volumes
        self.monitor = monitor
        self.runtimes = runtimes
        self.cgroups = cgroups
        self.tasks = tasks
        self.containers = Registry()
        self.execs = ExecRegistry()
        self.identity = ""
        """The engine's own id, shown by ``info``; kept in the state file."""
        self.warnings: list[str] = []
        """What the administrator should know, shown by ``info``: unknown keys of the configuration, and the like."""
