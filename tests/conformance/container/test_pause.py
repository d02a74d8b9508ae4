"""docker pause (A7 pause)."""

from tests.support.cli import Client


def test_freezes_and_shows(docker: Client, name: str) -> None:
    """A7 pause: prints the name; STATUS gets " (Paused)"; the process makes no progress."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", "while :; do echo x; usleep 20000; done")
    assert docker("pause", name) == (0, f"{name}\n", "")
    assert docker.ok("ps", "--filter", f"name={name}", "--format", "{{.Status}}").endswith(" (Paused)")
    assert (
        docker.ok("inspect", "-f", "{{.State.Status}} {{.State.Running}} {{.State.Paused}}", name)
        == "paused true true"
    )
    # two reads with an API call between: a running loop would have written more
    first = docker.ok("logs", name)
    docker.ok("ps")
    assert docker.ok("logs", name) == first


def test_twice(docker: Client, name: str) -> None:
    """A7 pause: "Container ID is already paused", exit 1."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    docker.ok("pause", name)
    result = docker("pause", name)
    assert result.code == 1
    assert f"container {full} is already paused" in result.err.lower()


def test_stopped(docker: Client, name: str) -> None:
    """A7 pause."""
    full = docker.ok("create", "--name", name, "busybox")
    result = docker("pause", name)
    assert result.code == 1
    assert f"container {full} is not running" in result.err.lower()


def test_unknown(docker: Client) -> None:
    """A7 pause."""
    assert docker("pause", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")
