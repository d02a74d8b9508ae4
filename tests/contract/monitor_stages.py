"""The two monitors on which the suite runs, and what a real container needs of this host."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from berth.base.ids import new_id
from berth.kernel.cgroup import CgroupLayout, detect
from berth.runtime.conmon import ConmonMonitor
from berth.runtime.conmon_record import find_conmons
from berth.runtime.memory import MemoryMonitor
from berth.runtime.monitor import Launch, Monitor, Process
from berth.runtime.oci import OciRuntime
from berth.runtime.programs import find_default, find_program, named_runtime, release_programs
from berth.runtime.seccomp.profile import default_profile, resolve_profile
from berth.runtime.spec.build import build_spec
from berth.runtime.spec.capabilities import resolve
from berth.runtime.spec.host import detect_host
from berth.runtime.spec.options import SpecOptions
from tests.support.host import mount_hugetlb_v1

COMMANDS = ("sh", "true", "false", "echo", "cat", "sleep", "stty", "yes", "head", "wc", "id", "dd", "tr")
CGROUP = f"berth-test-{os.getpid()}"


def missing() -> str | None:
    """Why no real container can be run here, None when it can."""
    if os.geteuid() != 0:
        return "running containers needs root"
    if find_program("busybox") is None:
        return "a static busybox is needed as the containers' root file system"
    if find_program("conmon") is None:
        return "conmon is not installed"
    mount_hugetlb_v1()
    return None


def make_rootfs(place: Path) -> Path:
    """A root file system of busybox alone."""
    busybox = find_program("busybox")
    assert busybox is not None
    (place / "bin").mkdir(parents=True)
    shutil.copy(busybox, place / "bin/busybox")
    for name in COMMANDS:
        (place / "bin" / name).symlink_to("busybox")
    return place


class ConmonStage:
    """Real containers below a short directory, as sockets have short names."""

    def __init__(self, place: Path, runtime: OciRuntime, layout: CgroupLayout) -> None:
        self.place = place
        self.runtime = runtime
        self.layout = layout
        self.monitor: Monitor = self._new_monitor()
        self.rootfs = make_rootfs(place / "rootfs")
        self._places: dict[int, tuple[str, Path]] = {}
        self._monitors = [self.monitor]

    def _new_monitor(self) -> ConmonMonitor:
        program = find_program("conmon")
        assert program is not None
        return ConmonMonitor(program, self.place / "conmon", self.layout)

    async def create(
        self,
        *args: str,
        stdin: bool = False,
        stdin_once: bool = False,
        terminal: bool = False,
        **more: object,
    ) -> Process:
        host = detect_host()
        container_id = new_id()
        run_dir = self.place / "run" / container_id
        run_dir.mkdir(parents=True)
        capabilities, _ = resolve((), (), privileged=False, available=host.capabilities)
        options = {
            "container_id": container_id,
            "rootfs": str(self.rootfs),
            "args": args,
            "env": ("PATH=/bin", "HOME=/"),
            "terminal": terminal,
            "capabilities": capabilities,
            "seccomp": resolve_profile(default_profile(), capabilities, host) if host.seccomp else None,
            "cgroup_path": f"/{CGROUP}/{container_id}",
            **more,
        }
        launch = Launch(
            container_id=container_id,
            run_dir=run_dir,
            runtime=self.runtime,
            spec=build_spec(SpecOptions(**options), recursive_read_only=host.recursive_read_only),
            log_path=self.place / "log",
            terminal=terminal,
            stdin=stdin,
            stdin_once=stdin_once,
        )
        try:
            process = await self.monitor.create(launch)
        except BaseException:
            shutil.rmtree(run_dir)
            raise
        self._places[process.pid] = (container_id, run_dir)
        return process

    def place_of(self, process: Process) -> tuple[str, Path]:
        return self._places[process.pid]

    async def reborn(self) -> Monitor:
        monitor = self._new_monitor()
        self._monitors.append(monitor)
        return monitor

    def leftovers(self) -> list[str]:
        state = self.runtime.state_root
        found = [f"state {name}" for name in (os.listdir(state) if state.is_dir() else [])]
        for _, run_dir in self._places.values():
            found += [f"conmon {held.pid}" for held in find_conmons(run_dir)]
        group = self.layout.group(CGROUP)
        return found + [f"process {pid}" for pid in group.processes()]

    async def close(self) -> None:
        for container_id, run_dir in self._places.values():
            await self.monitor.discard(container_id, run_dir, self.runtime)
        for monitor in self._monitors:
            await monitor.close()
        self.layout.group(CGROUP).remove()


@asynccontextmanager
async def conmon_stage(kind: str = "") -> AsyncIterator[ConmonStage]:
    """Containers under conmon with crun, runc, or whatever works here."""
    place = Path(tempfile.mkdtemp(prefix="berth-test-"))
    try:
        host = detect_host()
        runtime = named_runtime(kind, kind, (), place) if kind else await find_default(place, host)
        stage = ConmonStage(place, runtime, detect())
        try:
            yield stage
        finally:
            await stage.close()
    finally:
        release_programs(place)
        shutil.rmtree(place)


class MemoryStage:
    """Containers that are coroutines."""

    def __init__(self, place: Path) -> None:
        self._memory = MemoryMonitor()
        self.monitor: Monitor = self._memory
        self.runtime: OciRuntime = self._memory.runtime
        self._place = place
        self._places: dict[int, tuple[str, Path]] = {}

    async def create(self, *args: str, stdin: bool = False, stdin_once: bool = False) -> Process:
        container_id = new_id()
        run_dir = self._place / container_id
        spec = {"process": {"args": list(args)}}
        process = await self.monitor.create(
            Launch(
                container_id=container_id,
                run_dir=run_dir,
                runtime=self.runtime,
                spec=spec,
                stdin=stdin,
                stdin_once=stdin_once,
            )
        )
        self._places[process.pid] = (container_id, run_dir)
        return process

    def place_of(self, process: Process) -> tuple[str, Path]:
        return self._places[process.pid]

    async def reborn(self) -> Monitor:
        return self._memory

    def leftovers(self) -> list[str]:
        return list(self._memory.runtime.processes)

    async def close(self) -> None:
        await self._memory.stop()
        assert self._memory.failures == []


@asynccontextmanager
async def memory_stage(place: Path) -> AsyncIterator[MemoryStage]:
    """The twin."""
    stage = MemoryStage(place)
    try:
        yield stage
    finally:
        await stage.close()
