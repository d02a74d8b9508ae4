"""Putting the house together: every part opened once, in plain sight, and closed in the opposite order."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from berth.base.errors import Unavailable
from berth.base.ids import new_id
from berth.base.tasks import TaskTree
from berth.build import cache as build_cache
from berth.build import cache_mounts, cache_trace
from berth.build.cache import BuildCache
from berth.build.cache_mounts import CacheMounts
from berth.build.cache_trace import TraceStore
from berth.build.context import ContextStore
from berth.build.upkeep import Upkeep
from berth.daemon.config import Config
from berth.daemon.settings import make_network_config, make_registry_settings, make_settings
from berth.engine.build.session import Places, RunningBuilds
from berth.engine.build.state import Builds
from berth.engine.container import table as container_table
from berth.engine.engine import Engine
from berth.engine.runtimes import open_runtimes
from berth.image import knowledge as image_knowledge
from berth.image import store as image_store
from berth.image.ground import make_ground
from berth.image.knowledge import Knowledge
from berth.image.partial import Partials
from berth.image.pull import Puller
from berth.image.push import Pusher
from berth.image.store import ImageStore
from berth.image.transfers import Transfers
from berth.kernel.cgroup import CgroupLayout
from berth.kernel.cgroup import detect as detect_cgroups
from berth.network import manager as network_manager
from berth.network.manager import NetworkManager
from berth.registry.registries import Registries
from berth.runtime.conmon import ConmonMonitor
from berth.runtime.programs import find_program, release_programs
from berth.runtime.spec.host import detect_host
from berth.state import events as event_log
from berth.state.database import Database
from berth.state.events import EventLog
from berth.volume import record as volume_record
from berth.volume.store import VolumeStore

_log = logging.getLogger(__name__)

_GRACE_S = 10.0
"""What a clean-up or a change in progress gets when the daemon ends."""
_IDENTITY_SCHEMA = "CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL);"
_SCHEMAS = (
    _IDENTITY_SCHEMA,
    event_log.SCHEMA,
    container_table.SCHEMA,
    image_store.SCHEMA,
    image_knowledge.SCHEMA,
    network_manager.SCHEMA,
    volume_record.SCHEMA,
    build_cache.SCHEMA,
    cache_mounts.SCHEMA,
    cache_trace.SCHEMA,
)


class Assembly(NamedTuple):
    """The engine, and what closes its parts."""

    engine: Engine
    stack: AsyncExitStack

    async def close(self) -> None:
        """Close every part; containers are not touched."""
        await self.stack.aclose()


async def assemble(
    config: Config, data_root: Path, exec_root: Path, environment: Mapping[str, str]
) -> Assembly:
    """Open every part of the engine; ``environment`` may name proxies.

    Raises BerthError, with nothing left open, when one cannot be had.
    """
    settings = make_settings(config, data_root, exec_root)
    host = detect_host()
    cgroups = detect_cgroups()
    async with AsyncExitStack() as stack:
        database = Database.open(data_root / "state.db", _SCHEMAS)
        stack.callback(database.close)
        runtimes = await open_runtimes(exec_root, host, settings.runtimes, settings.default_runtime)
        stack.callback(release_programs, exec_root)
        monitor = _monitor(exec_root, cgroups)
        stack.push_async_callback(monitor.close)
        images = await ImageStore.open(
            data_root / "image", exec_root, database, layer_form=settings.layer_form
        )
        stack.push_async_callback(images.close)
        images.snapshots.lay_ground(make_ground(data_root / "image" / "ground"))
        volumes = await VolumeStore.open(data_root, database)
        networks = await NetworkManager.open(database, exec_root, make_network_config(config, data_root))
        stack.push_async_callback(networks.close)
        tasks = TaskTree(_report)
        stack.push_async_callback(tasks.close, _GRACE_S)
        registries = Registries(make_registry_settings(config, environment))
        stack.callback(registries.close)
        puller = _puller(config, data_root / "image", database, images, tasks)
        stack.callback(puller.transfers.close)
        builds = await _builds(data_root / "build", exec_root / "build", database, images)
        stack.push_async_callback(builds.contexts.close)
        engine = Engine(
            settings=settings,
            database=database,
            events=EventLog(database),
            images=images,
            networks=networks,
            volumes=volumes,
            monitor=monitor,
            runtimes=runtimes,
            registries=registries,
            puller=puller,
            pusher=Pusher(images, puller.knowledge, asyncio.Semaphore(config["max-concurrent-uploads"])),
            builds=builds,
            cgroups=cgroups,
            host=host,
            tasks=tasks,
            identity=await _identity(database),
            warnings=list(config.warnings),
        )
        for warning in config.warnings:
            _log.warning("%s", warning)
        return Assembly(engine, stack.pop_all())


def _puller(config: Config, root: Path, database: Database, images: ImageStore, tasks: TaskTree) -> Puller:
    partials = Partials(root)
    partials.sweep()
    downloads = config["max-concurrent-downloads"]
    transfers = Transfers(images.open_staging, partials, tasks, downloads)
    return Puller(images, transfers, partials, Knowledge(database))


async def _builds(root: Path, exec_root: Path, database: Database, images: ImageStore) -> Builds:
    cache = BuildCache(database, images)
    await cache.sweep()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    contexts = await ContextStore.open(root, boot)
    running = RunningBuilds(Places(exec_root, root / "programs"))
    mounts = CacheMounts(root / "cache-mounts", database)
    return Builds(cache, contexts, mounts, TraceStore(database), running, Upkeep())


def _monitor(exec_root: Path, cgroups: CgroupLayout) -> ConmonMonitor:
    program = find_program("conmon")
    if program is None:
        raise Unavailable("conmon is not installed", hint="install the package conmon")
    return ConmonMonitor(program, exec_root / "monitor", cgroups)


def _report(name: str, error: BaseException) -> None:
    _log.error("background task %s failed", name, exc_info=error)


async def _identity(database: Database) -> str:
    """The engine's id: made at the first start, the same ever after."""
    rows = database.read("SELECT id FROM identity")
    if rows:
        return str(rows[0][0])
    fresh = new_id()
    await database.write(lambda c: c.execute("INSERT INTO identity VALUES (?)", (fresh,)))
    return fresh
