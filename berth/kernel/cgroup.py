"""Control groups of both generations, as far as an engine needs them beside its OCI runtime.

The runtime creates a container's group and writes its limits. What remains is here: find out what the host
has, make a parent group, count, kill, freeze, see out-of-memory kills, and remove what a crash left.

Layouts (``<path>`` is the group, such as ``berth/<id>``)::

    v2      /sys/fs/cgroup/<path>
    v1      /sys/fs/cgroup/<controller>/<path>          one directory per mounted hierarchy
    hybrid  as v1, and /sys/fs/cgroup/unified/<path>    without controllers of its own
"""

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from berth.kernel.inotify import IN_MODIFY, Inotify
from berth.kernel.mount import MountEntry, mounts

_V1_CONTROLLERS = (
    "cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "net_cls", "perf_event",
    "net_prio", "hugetlb", "pids", "rdma", "misc",
)  # fmt: skip
_KILL_ROUNDS = 50


class CgroupMode(StrEnum):
    """How the host arranges its control groups."""

    V1 = "v1"
    HYBRID = "hybrid"
    V2 = "v2"


class CgroupLayout(NamedTuple):
    """Where the host's hierarchies are: ``roots`` by controller, ``named`` for v1 hierarchies without any
    controller (systemd's), ``unified`` for the second generation."""

    mode: CgroupMode
    roots: dict[str, Path]
    named: tuple[Path, ...]
    unified: Path | None

    def hierarchies(self) -> tuple[Path, ...]:
        """The root directory of each hierarchy once; several controllers may share one."""
        found = dict.fromkeys([*self.roots.values(), *self.named])
        if self.unified is not None:
            found[self.unified] = None
        return tuple(found)

    def group(self, path: str) -> "Cgroup":
        """The group at ``path`` below every root; it need not exist."""
        return Cgroup(self, path)


def layout_of(entries: list[MountEntry]) -> CgroupLayout:
    """Derive the layout from mountinfo entries."""
    roots: dict[str, Path] = {}
    named: list[Path] = []
    unified: Path | None = None
    for entry in entries:
        if entry.fstype == "cgroup2" and unified is None:
            unified = Path(entry.target)
        elif entry.fstype == "cgroup":
            options = set(entry.super_options.split(","))
            controllers = [c for c in _V1_CONTROLLERS if c in options]
            for controller in controllers:
                roots.setdefault(controller, Path(entry.target))
            if not controllers:
                named.append(Path(entry.target))
    if unified is not None and not roots:
        with contextlib.suppress(OSError):
            words = (unified / "cgroup.controllers").read_text(encoding="ascii").split()
            roots = dict.fromkeys(words, unified)
        return CgroupLayout(CgroupMode.V2, roots, tuple(named), unified)
    mode = CgroupMode.V1 if unified is None else CgroupMode.HYBRID
    return CgroupLayout(mode, roots, tuple(named), unified)


def detect() -> CgroupLayout:
    """The host's layout, from what is mounted now."""
    return layout_of(mounts("cgroup", "cgroup2"))


def own_group(layout: CgroupLayout, pid: int | str = "self") -> dict[Path, str]:
    """In which group a process is, per hierarchy root, from ``/proc/PID/cgroup``."""
    found: dict[Path, str] = {}
    text = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="surrogateescape")
    for line in text.splitlines():
        _, names, path = line.split(":", 2)
        if not names:
            root = layout.unified
        else:
            root = next((layout.roots[n] for n in names.split(",") if n in layout.roots), None)
            if root is None and len(layout.named) == 1:
                root = layout.named[0]
        if root is not None:
            found[root] = path
    return found


def read_keyed(path: Path) -> dict[str, int]:
    """A file of ``key number`` lines; empty when the file is not there."""
    values: dict[str, int] = {}
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        return values
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        with contextlib.suppress(ValueError):
            values[key] = int(value)
    return values


class Cgroup:
    """One group in all hierarchies. Methods on a group that has gone act on nothing."""

    def __init__(self, layout: CgroupLayout, path: str) -> None:
        self.layout = layout
        self.path = path.strip("/")

    def directory(self, controller: str) -> Path | None:
        """The group's directory for one controller, or None where the host lacks the controller."""
        root = self.layout.roots.get(controller)
        return None if root is None else root / self.path

    def directories(self) -> tuple[Path, ...]:
        """The group's directory in every hierarchy, existing or not."""
        return tuple(root / self.path for root in self.layout.hierarchies())

    def exists(self) -> bool:
        """Whether any hierarchy has the group."""
        return any(directory.is_dir() for directory in self.directories())

    def create(self) -> None:
        """Make the group and its parents everywhere; on v2 every parent passes all its controllers on."""
        for root in self.layout.hierarchies():
            directory = root
            for part in self.path.split("/"):
                if self.layout.mode is CgroupMode.V2:
                    _pass_controllers_on(directory)
                directory /= part
                directory.mkdir(exist_ok=True)
                if self.layout.roots.get("cpuset") == root and self.layout.mode is not CgroupMode.V2:
                    _inherit_cpuset(directory)

    def add(self, pid: int) -> None:
        """Move a process into the group in every hierarchy."""
        for directory in self.directories():
            (directory / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def processes(self) -> frozenset[int]:
        """The pids in the group and below it, from any hierarchy."""
        found: set[int] = set()
        for directory in self.directories():
            for current, _, _ in os.walk(directory):
                with contextlib.suppress(OSError):
                    text = (Path(current) / "cgroup.procs").read_text(encoding="ascii")
                    found.update(int(word) for word in text.split())
        return frozenset(found)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal every process in the group and below. SIGKILL is repeated until no new ones appear
        (v2 does that in one step); the processes may still be dying when this returns."""
        unified = self.layout.unified
        if number == signal.SIGKILL and self.layout.mode is CgroupMode.V2 and unified is not None:
            with contextlib.suppress(FileNotFoundError):
                (unified / self.path / "cgroup.kill").write_text("1", encoding="ascii")
                return
        seen: set[int] = set()
        for _ in range(_KILL_ROUNDS):
            fresh = self.processes() - seen
            if not fresh:
                return
            for pid in fresh:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            seen |= fresh

    def freeze(self) -> None:
        """Ask the kernel to stop every process of the group; ``frozen`` tells when it has."""
        self._set_frozen(v1="FROZEN", v2="1")

    def thaw(self) -> None:
        """Let the processes run again."""
        self._set_frozen(v1="THAWED", v2="0")

    def _set_frozen(self, *, v1: str, v2: str) -> None:
        freezer = self.directory("freezer")
        if freezer is not None:
            (freezer / "freezer.state").write_text(v1, encoding="ascii")
        elif self.layout.unified is not None:
            (self.layout.unified / self.path / "cgroup.freeze").write_text(v2, encoding="ascii")

    def frozen(self) -> bool:
        """Whether all processes of the group have stopped."""
        freezer = self.directory("freezer")
        try:
            if freezer is not None:
                return (freezer / "freezer.state").read_text(encoding="ascii").strip() == "FROZEN"
            if self.layout.unified is not None:
                return read_keyed(self.layout.unified / self.path / "cgroup.events").get("frozen") == 1
        except FileNotFoundError:
            pass
        return False

    def oom_kills(self) -> int:
        """How many processes of the group the kernel has killed for lack of memory."""
        directory = self.directory("memory")
        if directory is None:
            return 0
        name = "memory.events" if self.layout.mode is CgroupMode.V2 else "memory.oom_control"
        return read_keyed(directory / name).get("oom_kill", 0)

    def remove(self) -> bool:
        """Remove the group and those below it; False when processes still hold it somewhere."""
        removed = [_remove_tree(directory) for directory in self.directories()]
        return all(removed)


def _remove_tree(directory: Path) -> bool:
    for current, children, _ in os.walk(directory, topdown=False):
        del children
        try:
            os.rmdir(current)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.ENOTEMPTY):
                return False
            raise
    return True


def _pass_controllers_on(directory: Path) -> None:
    control = directory / "cgroup.subtree_control"
    wanted = set((directory / "cgroup.controllers").read_text(encoding="ascii").split())
    for controller in sorted(wanted - set(control.read_text(encoding="ascii").split())):
        # One by one: a group with processes of its own refuses some controllers, not all.
        with contextlib.suppress(OSError):
            control.write_text(f"+{controller}", encoding="ascii")


def _inherit_cpuset(directory: Path) -> None:
    """A new v1 cpuset is empty and refuses processes until it is filled."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = directory / name
        if not file.read_text(encoding="ascii").strip():
            file.write_text((directory.parent / name).read_text(encoding="ascii"), encoding="ascii")


class OomWatch:
    """Tells of out-of-memory events in a group while it lives (Docker's ``oom`` event)."""

    def __init__(self, group: Cgroup) -> None:
        """FileNotFoundError when the group, or the host's memory controller, is not there."""
        directory = group.directory("memory")
        if directory is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), group.path)
        self._group = group
        self._seen = group.oom_kills()
        self._eventfd = -1
        self._inotify: Inotify | None = None
        if group.layout.mode is CgroupMode.V2:
            self._inotify = Inotify()
            self._inotify.add(directory / "memory.events", IN_MODIFY)
        else:
            self._eventfd = _register_v1(directory)

    async def wait_oom(self) -> bool:
        """Return True after the next event, False once the group is gone.

        v1 tells that memory ran out just before the kill, so ``oom_kills`` may count it only a moment later.
        """
        if self._inotify is not None:
            while (count := self._group.oom_kills()) <= self._seen:
                if not self._group.exists():
                    return False
                await self._inotify.wait_changes()
            self._seen = count
            return True
        await _wait_readable(self._eventfd)
        os.read(self._eventfd, 8)
        return self._group.exists()

    def close(self) -> None:
        """Stop watching; harmless when called twice."""
        if self._inotify is not None:
            self._inotify.close()
        if self._eventfd >= 0:
            os.close(self._eventfd)
            self._eventfd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _register_v1(directory: Path) -> int:
    control = os.open(directory / "memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
    try:
        fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            (directory / "cgroup.event_control").write_text(f"{fd} {control}", encoding="ascii")
        except OSError:
            os.close(fd)
            raise
        return fd
    finally:
        os.close(control)


async def _wait_readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(fd, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def children(layout: CgroupLayout, path: str) -> Iterator[str]:
    """Names of the groups directly below ``path`` in any hierarchy, each once: what a crash may have left."""
    seen: set[str] = set()
    for root in layout.hierarchies():
        with contextlib.suppress(FileNotFoundError), os.scandir(root / path.strip("/")) as entries:
            fresh = [e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name not in seen]
            seen.update(fresh)
            yield from fresh
