"""The parts of the host that the suite prepares for an engine: a network namespace, a missing cgroup
mount."""

import contextlib
import ctypes
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
_CGROUP = Path("/sys/fs/cgroup")


def mount_hugetlb_v1() -> str | None:
    """Mount the v1 hugetlb controller where a v1 hybrid lacks it; return what was done, None when nothing
    was.

    On a v1 hybrid crun joins every controller that the kernel lists as v1, and gives up on one that is not
    mounted. systemd mounts them all; minimal machines leave hugetlb out.
    """
    target = _CGROUP / "hugetlb"
    if (
        (_CGROUP / "cgroup.controllers").exists()
        or not (_CGROUP / "memory").is_dir()
        or os.path.ismount(target)
    ):
        return None
    listed = [line.split("\t") for line in Path("/proc/cgroups").read_text().splitlines()]
    if not any(row[0] == "hugetlb" and row[3] == "1" for row in listed if len(row) > 3):
        return None
    with contextlib.suppress(OSError):
        target.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "cgroup", "-o", "hugetlb", "cgroup", str(target)], check=True)
        return f"mounted the hugetlb controller on {target}: crun wants every v1 controller in place"
    return f"{target} cannot be mounted: crun will not start containers here"


class NetworkNamespace:
    """A named network namespace in which an engine may set addresses and rules without meeting another
    engine.

    It has ``lo``, one non-loopback address and an unreachable default route: names are refused at once
    instead of timing out.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = Path("/run/netns") / name

    def create(self) -> None:
        _run("ip", "netns", "add", self.name)
        for words in (
            "link set lo up",
            "link add uplink type veth peer name uplink-far",
            "address add 192.0.2.2/24 dev uplink",
            "link set uplink up",
            "link set uplink-far up",
            "route add unreachable default",
        ):
            _run(*self.command("ip", *words.split()))

    def command(self, *words: str) -> list[str]:
        """``words`` as a command that runs inside; mounts stay the host's (``ip netns exec`` would hide
        cgroups)."""
        return ["nsenter", f"--net={self.path}", *words]

    def output(self, *words: str) -> str:
        return subprocess.run(self.command(*words), check=True, capture_output=True, text=True).stdout

    def call(self, function: Callable[[], T]) -> T:
        """Run ``function`` in a thread of its own that has entered the namespace, and return its answer."""
        answers: list[T] = []
        failures: list[BaseException] = []

        def enter_and_call() -> None:
            try:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    libc = ctypes.CDLL(None, use_errno=True)
                    if libc.setns(fd, _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                finally:
                    os.close(fd)
                answers.append(function())
            except BaseException as failure:  # noqa: BLE001 - handed to the caller's thread below
                failures.append(failure)

        thread = threading.Thread(target=enter_and_call, name=f"in-{self.name}")
        thread.start()
        thread.join()
        if failures:
            raise failures[0]
        return answers[0]

    def links(self) -> set[str]:
        return set(re.findall(r"^\d+: ([^:@]+)", self.output("ip", "-o", "link"), re.MULTILINE))

    def rules(self) -> str:
        """Every packet filter rule inside, nft's and through it iptables-nft's."""
        return self.output("nft", "list", "ruleset")

    def processes(self) -> list[int]:
        inode = self.path.stat().st_ino
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if (entry / "ns/net").stat().st_ino == inode:
                        found.append(int(entry.name))
        return found

    def remove(self) -> None:
        if self.path.exists():
            _run("ip", "netns", "del", self.name)


def connect_tcp(address: str, port: int, *, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """A connected socket with a bounded wait on every later call."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(5)
    try:
        sock.connect((address, port))
    except OSError:
        sock.close()
        raise
    return sock


def mounts_below(root: Path) -> list[Path]:
    """Mount points at or below ``root``, deepest first."""
    points = [
        Path(_unescape(line.split()[4])) for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    return sorted(
        (p for p in points if p == root or root in p.parents), key=lambda p: len(p.parts), reverse=True
    )


def processes_naming(text: str) -> dict[int, str]:
    """Processes whose command line or root mount names ``text``: daemons, shims, monitors and containers
    alike."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            roots = [
                line for line in (entry / "mountinfo").read_text().splitlines() if line.split()[4] == "/"
            ]
            if text in command or any(text in line for line in roots):
                found[int(entry.name)] = command
    return found


def cgroups_naming(ids: set[str]) -> list[Path]:
    """Control groups whose name contains one of ``ids``."""
    found = []
    for directory, children, _files in os.walk(_CGROUP):
        found.extend(Path(directory, child) for child in children if any(part in child for part in ids))
    return found


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


def _unescape(text: str) -> str:
    return re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), text)
