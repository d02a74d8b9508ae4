"""What the bench needs of the machine: network namespaces, a fresh disk, sizes of processes."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


def run(*command: str | Path, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its output is in the error when it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    if check and done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise RuntimeError(f"{words}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


@contextmanager
def network_namespace(name: str) -> Iterator[str]:
    """A network namespace with loopback up. The result is the prefix of commands that are to run in it.

    ``nsenter`` keeps the mounts as they are; ``ip netns exec`` would hide the cgroup tree.
    """
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield f"/run/netns/{name}"
    finally:
        # The kernel's own teardown takes a while when many veth pairs die with it.
        run("ip", "netns", "delete", name, check=False)


@contextmanager
def fresh_disk(work: Path, gigabytes: int) -> Iterator[Path]:
    """An empty ext4 of its own below ``work``; a plain directory where loop devices cannot be had.

    ext4 avoids inodes that were just freed, which makes whoever comes second on a used disk look slow.
    """
    image, place = work / "disk.img", work / "disk"
    place.mkdir(parents=True)
    mounted = False
    if shutil.which("mkfs.ext4") and not _on_memory(work):
        with image.open("wb") as file:
            file.truncate(gigabytes << 30)
        made = run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", image, check=False)
        if made.returncode == 0:
            mounted = run("mount", "-o", "loop", image, place, check=False).returncode == 0
    try:
        yield place
    finally:
        if mounted:
            _unmount(place)
        shutil.rmtree(place, ignore_errors=True)
        image.unlink(missing_ok=True)


def _on_memory(work: Path) -> bool:
    return run("stat", "-fc", "%T", work.parent).stdout.strip() in ("tmpfs", "ramfs", "overlayfs")


def _unmount(place: Path) -> None:
    for _ in range(40):
        if run("umount", place, check=False).returncode == 0:
            return
        time.sleep(0.25)
    run("umount", "--lazy", place, check=False)


def mounts_below(place: Path) -> list[str]:
    """Mount points below a directory, deepest first."""
    lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    targets = [line.split(" ")[4] for line in lines]
    return [target for target in reversed(targets) if target.startswith(f"{place}/")]


def sweep(place: Path) -> None:
    """End whatever still names ``place`` and unmount what is mounted below it: for engines that died."""
    for pid in {*processes_naming(str(place)), *_processes_rooted(str(place))}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for target in mounts_below(place):
        run("umount", "--lazy", target, check=False)


def processes_naming(text: str) -> list[int]:
    """Processes whose command line contains ``text``, this one and its parents excepted."""
    found = []
    own = {os.getpid(), os.getppid()}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in own:
            with contextlib.suppress(OSError):
                if text.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def _processes_rooted(place: str) -> list[int]:
    """Processes in mount namespaces of their own that were made of something at ``place``."""
    found = []
    own = os.readlink("/proc/self/ns/mnt")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(entry / "ns/mnt") != own and f"={place}/" in (entry / "mountinfo").read_text():
                    found.append(int(entry.name))
    return found


class Memory(NamedTuple):
    """Bytes of some processes: ``pss`` shares each page among its users, ``private`` has them alone."""

    pss: int
    private: int


def memory_of(pids: list[int]) -> Memory:
    """The sum over ``pids``; those that have gone count nothing."""
    pss = private = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name == "Pss":
                    pss += int(rest.split()[0]) << 10
                elif name in ("Private_Clean", "Private_Dirty"):
                    private += int(rest.split()[0]) << 10
    return Memory(pss, private)


def describe_machine() -> dict[str, str]:
    """What a reader of the figures must know."""
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    hybrid = run("stat", "-fc", "%T", "/sys/fs/cgroup", check=False).stdout.strip() == "tmpfs"
    return {
        "system": release.get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "cpus": str(os.cpu_count()),
        "memory": f"{memory} GiB",
        "cgroups": "v1 or hybrid" if hybrid else "v2",
        "load": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "python": platform.python_version(),
    }
