"""docker stats (A3.10, A7 stats)."""

import re

from tests.support.cli import Client
from tests.support.http import Api


def test_one_sample(docker: Client, name: str) -> None:
    """A7 stats: the header; --no-stream ends after one sample."""
    full = docker.ok("run", "-d", "--name", name, "-m", "64m", "busybox", "sleep", "300")
    head, line = docker.ok("stats", "--no-stream", name).splitlines()
    assert re.split(r"\s{2,}", head.strip()) == [
        "CONTAINER ID",
        "NAME",
        "CPU %",
        "MEM USAGE / LIMIT",
        "MEM %",
        "NET I/O",
        "BLOCK I/O",
        "PIDS",
    ]
    fields = re.split(r"\s{2,}", line.strip())
    assert fields[0] == full[:12]
    assert fields[1] == name
    assert fields[3].endswith(" / 64MiB")
    assert fields[7] == "1"


def test_fields_of_the_api(docker: Client, api: Api, name: str) -> None:
    """A7 stats: the fields from which clients compute."""
    docker.ok("run", "-d", "--name", name, "-m", "64m", "busybox", "sh", "-c", "while :; do :; done")
    sample = api.get(f"/containers/{name}/stats", stream=False).json()
    assert sample["name"] == f"/{name}"
    assert sample["memory_stats"]["limit"] == 64 << 20
    assert sample["memory_stats"]["usage"] > 0
    assert sample["pids_stats"]["current"] == 1
    assert (
        sample["cpu_stats"]["cpu_usage"]["total_usage"] > sample["precpu_stats"]["cpu_usage"]["total_usage"]
    )
    assert sample["cpu_stats"]["system_cpu_usage"] > sample["precpu_stats"]["system_cpu_usage"]
    assert sample["networks"]["eth0"]["rx_bytes"] >= 0
    assert sample["cpu_stats"]["online_cpus"] >= 1


def test_one_shot(docker: Client, api: Api, name: str) -> None:
    """C2: ``one-shot`` does not wait for a second sample."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    sample = api.get(f"/containers/{name}/stats", **{"stream": False, "one-shot": True}).json()
    assert sample["precpu_stats"]["cpu_usage"]["total_usage"] == 0


def test_format(docker: Client, name: str) -> None:
    """A7 stats: --format."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    assert docker.ok("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", name) == f"{name} 1"


def test_stopped_shows_zeros(docker: Client, name: str) -> None:
    """A7 stats: a stopped one has nothing to show."""
    docker.ok("create", "--name", name, "busybox")
    assert docker.ok("stats", "--no-stream", "--format", "{{.CPUPerc}} {{.PIDs}}", name) == "0.00% 0"


def test_unknown(docker: Client) -> None:
    """A7 stats."""
    result = docker("stats", "--no-stream", "no-such")
    assert result.code == 1
    assert "No such container: no-such" in result.err
