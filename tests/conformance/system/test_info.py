"""docker info (A7 info)."""

import json
import os

from tests.support.cli import Client
from tests.support.http import Api

FIELDS = {
    "ID",
    "Containers",
    "ContainersRunning",
    "ContainersPaused",
    "ContainersStopped",
    "Images",
    "Driver",
    "DriverStatus",
    "Plugins",
    "MemoryLimit",
    "SwapLimit",
    "PidsLimit",
    "OomKillDisable",
    "IPv4Forwarding",
    "Debug",
    "LoggingDriver",
    "CgroupDriver",
    "CgroupVersion",
    "KernelVersion",
    "OperatingSystem",
    "OSType",
    "Architecture",
    "NCPU",
    "MemTotal",
    "DockerRootDir",
    "Name",
    "Labels",
    "ExperimentalBuild",
    "ServerVersion",
    "Runtimes",
    "DefaultRuntime",
    "Swarm",
    "LiveRestoreEnabled",
    "InitBinary",
    "SecurityOptions",
    "Warnings",
    "IndexServerAddress",
    "RegistryConfig",
    "SystemTime",
}


def test_fields(api: Api) -> None:
    """A7 info: the keys of the object."""
    answer = api.get("/info").json()
    assert set(answer) >= FIELDS
    assert answer["NCPU"] == os.cpu_count()
    assert answer["OSType"] == "linux"
    assert answer["DefaultRuntime"] in answer["Runtimes"]
    assert answer["MemTotal"] == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_counts(docker: Client, api: Api, name: str) -> None:
    """A7 info: containers by state."""

    def counts() -> tuple[int, ...]:
        answer = api.get("/info").json()
        return tuple(
            answer[key]
            for key in ("Containers", "ContainersRunning", "ContainersPaused", "ContainersStopped")
        )

    before = counts()
    docker.ok("run", "-d", "--name", f"{name}-1", "busybox", "sleep", "300")
    docker.ok("run", "-d", "--name", f"{name}-2", "busybox", "sleep", "300")
    docker.ok("create", "--name", f"{name}-3", "busybox")
    docker.ok("pause", f"{name}-2")
    assert tuple(now - then for now, then in zip(counts(), before, strict=True)) == (3, 1, 1, 1)


def test_text(docker: Client) -> None:
    """A7 info: the two-part text."""
    out = docker.ok("info")
    assert out.startswith("Client:")
    server = out.split("\nServer:\n")[1]
    for line in (
        " Containers: ",
        "  Running: ",
        " Images: ",
        " Server Version: ",
        " Storage Driver: ",
        " Logging Driver: json-file",
        " Cgroup Driver: ",
        " Runtimes: ",
        " Kernel Version: ",
        " OSType: linux",
        " CPUs: ",
        " Total Memory: ",
    ):
        assert line in server


def test_format(docker: Client) -> None:
    """A7 info: --format."""
    assert docker.ok("info", "--format", "{{.OSType}}") == "linux"
    assert json.loads(docker.ok("info", "--format", "json"))["OSType"] == "linux"
