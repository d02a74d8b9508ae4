"""docker rename (A7 rename)."""

import pytest

from tests.support.cli import Client


def test_silent_and_everything_follows(docker: Client, name: str) -> None:
    """A7 rename: logs, inspect and exec by the new name; the old one is free."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", "echo said; sleep 300")
    assert docker("rename", name, f"{name}-new") == (0, "", "")
    assert docker.ok("inspect", "-f", "{{.Id}} {{.Name}}", f"{name}-new") == f"{full} /{name}-new"
    assert docker("inspect", name).code == 1
    assert docker.ok("logs", f"{name}-new") == "said"
    assert docker.ok("exec", f"{name}-new", "echo", "in") == "in"
    docker.ok("create", "--name", name, "busybox")


def test_taken_name(docker: Client, name: str) -> None:
    """A7 rename: the conflict names the holder."""
    docker.ok("create", "--name", name, "busybox")
    holder = docker.ok("create", "--name", f"{name}-held", "busybox")
    result = docker("rename", name, f"{name}-held")
    assert result.code == 1
    assert (
        f'Conflict. The container name "/{name}-held" is already in use by container "{holder}"' in result.err
    )
    assert f"Error: failed to rename container named {name}" in result.err


def test_same_name(docker: Client, name: str) -> None:
    """A7 rename."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("rename", name, name)
    assert result.code == 1
    assert "enaming a container with the same name as its current name" in result.err


@pytest.mark.parametrize("bad", ["a", "a/b", "a b", "-x", "ü9"])
def test_bad_name(docker: Client, name: str, bad: str) -> None:
    """Bad input: the rule is quoted; the old name stays."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("rename", "--", name, bad)
    assert result.code == 1
    assert "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" in result.err
    assert docker("inspect", name).code == 0


def test_unknown(docker: Client) -> None:
    """A7 rename."""
    wanted = (
        "Error response from daemon: No such container: no-such\nError: "
        "failed to rename container named no-such\n"
    )
    assert docker("rename", "no-such", "other") == (1, "", wanted)
