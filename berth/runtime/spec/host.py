"""What this host can, found out once: the facts that the pure parts of this room take as input."""

import os
from pathlib import Path

import msgspec

from berth.kernel.capabilities import bounding_capabilities

_RRO_KERNEL = (5, 12)


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """``kernel`` is (major, minor), ``machine`` as ``uname -m`` says, ``capabilities`` the bounding set."""

    machine: str
    kernel: tuple[int, int]
    capabilities: frozenset[str]
    seccomp: bool
    apparmor: bool
    selinux: bool = False

    @property
    def recursive_read_only(self) -> bool:
        """Whether the kernel can make a tree of mounts read-only in one step."""
        return self.kernel >= _RRO_KERNEL


def detect_host() -> HostFacts:
    """Look at the kernel. Cheap; the answer does not change while the daemon lives."""
    name = os.uname()
    return HostFacts(
        machine=name.machine,
        kernel=parse_kernel(name.release),
        capabilities=bounding_capabilities(),
        seccomp=os.path.exists("/proc/sys/kernel/seccomp/actions_avail"),
        apparmor=_text("/sys/module/apparmor/parameters/enabled").startswith("Y"),
        selinux=os.path.exists("/sys/fs/selinux/enforce"),
    )


def parse_kernel(release: str) -> tuple[int, int]:
    """The first two numbers of a kernel release such as ``6.1.0-13-amd64``."""
    numbers = []
    for part in release.split(".")[:2]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(int(digits or 0))
    return (numbers[0], numbers[1] if len(numbers) > 1 else 0)


def sysctl_exists(name: str) -> bool:
    """Whether the kernel has a sysctl: a runtime fails on one that is missing."""
    return os.path.exists("/proc/sys/" + name.replace(".", "/"))


def default_sysctls(*, private_network: bool) -> dict[str, str]:
    """What Docker sets in every new network namespace: low ports and ping without extra rights."""
    wanted = {
        "net.ipv4.ping_group_range": "0 2147483647",
        "net.ipv4.ip_unprivileged_port_start": "0",
    }
    return {name: value for name, value in wanted.items() if private_network and sysctl_exists(name)}


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
