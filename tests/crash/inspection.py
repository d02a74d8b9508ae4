"""What must be true of the machine at rest: rows, files and kernel tell one story."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash.daemon import MortalDaemon
from tests.support.host import mounts_below, processes_naming

_ID = re.compile(r"[0-9a-f]{64}")
# An element of the map of published ports, as nft prints it.
_PORT = re.compile(r"\btcp \. (\d+) : ")


class Scene(NamedTuple):
    """The containers that the engine tells of, by id, and which of them have a process."""

    rows: dict[str, dict[str, Any]]

    @classmethod
    def look(cls, daemon: MortalDaemon) -> "Scene":
        listed = daemon.api.get("/containers/json", all=True).json()
        replies = {row["Id"]: daemon.api.get(f"/containers/{row['Id']}/json") for row in listed}
        return cls({cid: reply.json() for cid, reply in replies.items() if reply.status == 200})

    @property
    def alive(self) -> set[str]:
        return {cid for cid, row in self.rows.items() if row["State"]["Running"]}

    def named(self, name: str) -> dict[str, Any] | None:
        """The container of this name; None without one."""
        return next((row for row in self.rows.values() if row["Name"] == f"/{name}"), None)


def orphans(daemon: MortalDaemon, scene: Scene) -> list[str]:
    """Everything in the kernel or on the disk that no container of ``scene`` accounts for, in words."""
    return [
        *_inconsistent_rows(scene),
        *_unknown_mounts(daemon, scene),
        *_unknown_processes(daemon, scene),
        *_unknown_files(daemon, scene),
        *_network(daemon, scene),
        *(f"cgroup {name}" for name in sorted(_foreign(daemon.cgroups(), scene.alive))),
    ]


def _foreign(names: Iterable[str], known: set[str]) -> set[str]:
    """Names that contain an id which is none of ``known``."""
    return {name for name in names if (ids := _ID.findall(name)) and not known.intersection(ids)}


def _inconsistent_rows(scene: Scene) -> list[str]:
    found = []
    for cid, row in scene.rows.items():
        state = row["State"]
        pid = state["Pid"]
        living = pid > 0 and Path(f"/proc/{pid}").exists()
        if state["Running"] != living:
            found.append(
                f"container {row['Name']} {cid[:12]}: running {state['Running']}, process {pid} {living}"
            )
        if state["Status"] in ("removing", "dead"):
            found.append(f"container {row['Name']} {cid[:12]} is stuck in {state['Status']}")
    return found


def _unknown_mounts(daemon: MortalDaemon, scene: Scene) -> list[str]:
    """Mounts that name a container which does not run; those of images and programs name none."""
    return [f"mount {path}" for path in sorted(_foreign(map(str, mounts_below(daemon.root)), scene.alive))]


def _unknown_processes(daemon: MortalDaemon, scene: Scene) -> list[str]:
    """Monitors, runtimes and payloads of containers that do not run, and anything besides the daemon else."""
    pids = {row["State"]["Pid"] for row in scene.rows.values()}
    found = []
    for pid, command in processes_naming(str(daemon.root)).items():
        if daemon.process is not None and pid == daemon.process.pid:
            continue
        ids = set(_ID.findall(command))
        if ids & scene.alive or pid in pids or _descends(pid, pids):
            continue
        found.append(f"process {pid}: {command}")
    return found


def _descends(pid: int, ancestors: set[int]) -> bool:
    """Whether one of ``ancestors`` is above ``pid``; a process that has just gone needs no account."""
    while pid > 1:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return True
        pid = int(stat.rpartition(")")[2].split()[1])
        if pid in ancestors:
            return True
    return False


def _unknown_files(daemon: MortalDaemon, scene: Scene) -> list[str]:
    """Directories of containers that are unknown, and of runs that are over."""
    found = []
    places = (
        (daemon.exec_root / "containers", scene.alive),
        (daemon.exec_root / "netns", scene.alive),
        (daemon.data_root / "containers", set(scene.rows)),
        (daemon.data_root / "image/snapshots", set(scene.rows)),
    )
    for place, known in places:
        if place.is_dir():
            names = _foreign((entry.name for entry in place.iterdir()), known)
            found += [f"{place.relative_to(daemon.root)}/{name}" for name in sorted(names)]
    ingest = daemon.data_root / "image/ingest"
    if ingest.is_dir():
        found += [f"half-made content {entry.name}" for entry in ingest.iterdir()]
    return found


def _network(daemon: MortalDaemon, scene: Scene) -> list[str]:
    """One veth for each running container on the bridge, and rules for exactly the published ports."""
    assert daemon.namespace is not None
    links = {name for name in daemon.namespace.links() if name.startswith("veth")}
    wired = [cid for cid in scene.alive if scene.rows[cid]["NetworkSettings"]["Networks"].get("bridge")]
    found = [f"{len(links)} veth links for {len(wired)} containers"] if len(links) != len(wired) else []
    wanted = {
        binding["HostPort"]
        for cid in scene.alive
        for bindings in (scene.rows[cid]["NetworkSettings"]["Ports"] or {}).values()
        for binding in bindings or ()
    }
    ruled = set(_PORT.findall(daemon.namespace.rules()))
    if ruled != wanted:
        found.append(f"rules for the ports {sorted(ruled)}, published are {sorted(wanted)}")
    return found
