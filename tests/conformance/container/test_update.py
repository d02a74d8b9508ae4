"""docker update (A7 update)."""

import json
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect


def limit_of(docker: Client, name: str, v1: str, v2: str) -> str:
    """The content of a control file of the container's group, on v1 or v2."""
    pid = docker.ok("inspect", "-f", "{{.State.Pid}}", name)
    controller = v1.partition(".")[0]
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return Path(f"/sys/fs/cgroup/{controller}{path}/{v1}").read_text().strip()
    (line,) = [x for x in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if x.startswith("0::")]
    return Path(f"/sys/fs/cgroup{line[3:]}/{v2}").read_text().strip()


@pytest.fixture
def limited(docker: Client, name: str) -> str:
    docker.ok("run", "-d", "--name", name, "-m", "64m", "busybox", "sleep", "300")
    return name


def test_memory_at_once(docker: Client, limited: str) -> None:
    """A7 update: prints the name; the control file changes at once."""
    assert docker("update", "--memory", "32m", limited) == (0, f"{limited}\n", "")
    assert limit_of(docker, limited, "memory.limit_in_bytes", "memory.max") == str(32 << 20)
    assert docker.ok("inspect", "-f", "{{.HostConfig.Memory}}", limited) == str(32 << 20)


def test_memory_above_the_swap_limit(docker: Client, limited: str) -> None:
    """A7 update: refused with the advice to set both."""
    result = docker("update", "--memory", "256m", limited)
    assert result.code == 1
    assert (
        "Memory limit should be smaller than already set memoryswap "
        "limit, update the memoryswap at the same time" in result.err
    )
    docker.ok("update", "--memory", "256m", "--memory-swap", "256m", limited)
    assert limit_of(docker, limited, "memory.limit_in_bytes", "memory.max") == str(256 << 20)


def test_cpus(docker: Client, limited: str) -> None:
    """A7 update: --cpus 0.5."""
    docker.ok("update", "--cpus", "0.5", limited)
    assert docker.ok("inspect", "-f", "{{.HostConfig.NanoCpus}}", limited) == "500000000"
    assert limit_of(docker, limited, "cpu.cfs_quota_us", "cpu.max").split()[0] == "50000"


def test_pids(docker: Client, limited: str) -> None:
    """A7 update: --pids-limit."""
    docker.ok("update", "--pids-limit", "33", limited)
    assert limit_of(docker, limited, "pids.max", "pids.max") == "33"


def test_restart_policy(docker: Client, limited: str) -> None:
    """A7 update: --restart."""
    docker.ok("update", "--restart", "on-failure:3", limited)
    policy = json.loads(docker.ok("inspect", "-f", "{{json .HostConfig.RestartPolicy}}", limited))
    assert policy == {"MaximumRetryCount": 3, "Name": "on-failure"}


def test_stopped_one_keeps_it_for_the_start(docker: Client, name: str) -> None:
    """A7 update: works on a stopped container too."""
    docker.ok("create", "--name", name, "busybox", "sleep", "300")
    docker.ok("update", "--cpu-shares", "512", name)
    docker.ok("start", name)
    assert limit_of(docker, name, "cpu.shares", "cpu.weight") in ("512", "20", "59")


def test_ports_cannot_change(docker: Client, limited: str) -> None:
    """A7 update: no such flag."""
    result = docker("update", "-p", "80:80", limited)
    assert result.code == 125
    assert "unknown shorthand flag: 'p' in -p" in result.err


def test_too_little(docker: Client, limited: str) -> None:
    """Bad input."""
    result = docker("update", "--memory", "1k", limited)
    assert result.code == 1
    assert "inimum memory limit allowed is 6MB" in result.err


def test_nothing_to_do(docker: Client) -> None:
    """Bad input: the client wants a flag."""
    assert docker("update", "any") == (1, "", "you must provide one or more flags when using this command\n")


def test_unknown(docker: Client, engine: Engine) -> None:
    """A7 update."""
    result = docker("update", "--cpus", "1", "no-such")
    assert result.code == 1
    assert (
        expect(engine, dockerd="No such container: no-such", berthd="No such container: no-such")
        in result.err
    )
