"""docker unpause (A7 unpause)."""

from tests.support.cli import Client
from tests.support.waiting import wait_until


def test_goes_on(docker: Client, name: str) -> None:
    """A7 unpause: prints the name and the process runs again."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", "while :; do echo x; usleep 20000; done")
    docker.ok("pause", name)
    before = len(docker("logs", name).out)
    assert docker("unpause", name) == (0, f"{name}\n", "")
    wait_until(lambda: len(docker("logs", name).out) > before, "the process writes again")
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "running"


def test_not_paused(docker: Client, name: str) -> None:
    """A7 unpause: "Container ID is not paused"."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    result = docker("unpause", name)
    assert result.code == 1
    assert f"container {full} is not paused" in result.err.lower()


def test_unknown(docker: Client) -> None:
    """A7 unpause."""
    assert docker("unpause", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")
