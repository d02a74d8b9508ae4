"""``info``: the engine and its host in numbers."""

import os
import platform
import socket
from pathlib import Path
from typing import NamedTuple

from berth import __version__
from berth.engine.container.record import Status
from berth.engine.engine import Engine
from berth.engine.settings import RuntimeChoice
from berth.kernel.cgroup import CgroupMode

_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")


class Info(NamedTuple):
    """What ``info`` shows; memory in bytes."""

    id: str
    name: str
    version: str
    containers: int
    running: int
    paused: int
    stopped: int
    images: int
    layer_form: str
    data_root: str
    log_driver: str
    cgroup_driver: str
    cgroup_version: str
    runtimes: dict[str, RuntimeChoice]
    default_runtime: str
    init_binary: str
    security_options: tuple[str, ...]
    kernel_version: str
    operating_system: str
    os_version: str
    architecture: str
    cpus: int
    memory_total: int
    events_listeners: int
    debug: bool
    labels: tuple[str, ...]
    insecure_registries: tuple[str, ...]
    registry_mirrors: tuple[str, ...]
    live_restore: bool
    file_descriptors: int
    tasks: int
    warnings: tuple[str, ...]


async def info(engine: Engine) -> Info:
    """Count and describe; nothing here touches the disk beyond a few files of /proc and /etc."""
    statuses = [cell.state.status for cell in engine.containers]
    settings = engine.settings
    release = _os_release()
    running = sum(status in (Status.RUNNING, Status.RESTARTING) for status in statuses)
    paused = statuses.count(Status.PAUSED)
    return Info(
        id=engine.identity,
        name=socket.gethostname(),
        version=__version__,
        containers=len(statuses),
        running=running,
        paused=paused,
        stopped=len(statuses) - running - paused,
        images=len(engine.images.list()),
        layer_form=engine.images.layer_form,
        data_root=str(settings.data_root),
        log_driver=settings.log_config.type,
        cgroup_driver="cgroupfs",
        cgroup_version="2" if (engine.cgroups.mode is CgroupMode.V2) else "1",
        runtimes=engine.runtimes.listed(),
        default_runtime=engine.runtimes.default,
        init_binary=settings.init_path or "docker-init",
        security_options=_security_options(engine),
        kernel_version=platform.release(),
        operating_system=release.get("PRETTY_NAME", "Linux"),
        os_version=release.get("VERSION_ID", ""),
        architecture=platform.machine(),
        cpus=os.cpu_count() or 1,
        memory_total=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        events_listeners=engine.events.followers,
        debug=settings.debug,
        labels=settings.labels,
        insecure_registries=settings.insecure_registries,
        registry_mirrors=settings.registry_mirrors,
        live_restore=not settings.stop_containers_on_exit,
        file_descriptors=len(os.listdir("/proc/self/fd")),
        tasks=len(engine.tasks),
        warnings=tuple(engine.warnings),
    )


def _os_release() -> dict[str, str]:
    for path in _OS_RELEASE:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError:
            continue
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
        return {key: value.strip().strip('"') for key, _, value in pairs}
    return {}


def _security_options(engine: Engine) -> tuple[str, ...]:
    options = ["name=seccomp,profile=builtin"]
    if Path("/sys/module/apparmor/parameters/enabled").exists():
        options.insert(0, "name=apparmor")
    if engine.cgroups.mode is CgroupMode.V2:
        options.append("name=cgroupns")
    if engine.settings.no_new_privileges:
        options.append("name=no-new-privileges")
    return tuple(options)
