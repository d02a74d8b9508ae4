"""docker restart and restart policies (A7 restart, B4 --restart)."""

import pytest

from tests.support.cli import Client
from tests.support.http import Api
from tests.support.waiting import wait_until


def test_new_start_time_same_id(docker: Client, api: Api, name: str) -> None:
    """A7 restart: prints the name; -t 0 kills at once; the start time changes, the id does not."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    before = api.get(f"/containers/{name}/json").json()["State"]
    assert docker("restart", "-t", "0", name) == (0, f"{name}\n", "")
    after = api.get(f"/containers/{name}/json").json()
    assert after["Id"] == full
    assert after["State"]["Running"] is True
    assert after["State"]["StartedAt"] > before["StartedAt"]
    assert after["State"]["Pid"] != before["Pid"]
    assert after["RestartCount"] == 0


def test_of_a_stopped_one(docker: Client, name: str) -> None:
    """A7 restart: starts it."""
    docker.ok("create", "--name", name, "busybox", "sleep", "300")
    docker.ok("restart", name)
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_unknown(docker: Client) -> None:
    """A7 restart."""
    assert docker("restart", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")


def test_on_failure_counts(docker: Client, name: str) -> None:
    """B4: on-failure:2 tries again twice, then stays exited."""
    docker.ok(
        "run", "-d", "--restart", "on-failure:2", "--name", name, "busybox", "sh", "-c", "echo run; exit 3"
    )
    shape = "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}"
    wait_until(
        lambda: docker.ok("inspect", "-f", shape, name) == "exited 3 2", "it has been tried three times"
    )
    assert docker.ok("logs", name) == "run\nrun\nrun"


def test_on_failure_leaves_success_alone(docker: Client, name: str) -> None:
    """B4."""
    docker.ok("run", "-d", "--restart", "on-failure", "--name", name, "busybox", "true")
    docker.ok("wait", name)
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", name) == "exited 0"


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
def test_brings_back_what_died(docker: Client, name: str, policy: str) -> None:
    """B4: a process that dies by itself is started again."""
    docker.ok("run", "-d", "--restart", policy, "--name", name, "busybox", "sh", "-c", "echo run; sleep 0.2")
    wait_until(lambda: len(docker("logs", name).lines) >= 2, "it has been started again")
    assert int(docker.ok("inspect", "-f", "{{.RestartCount}}", name)) >= 1
    docker.ok("stop", "-t", "0", name)
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "exited"


def test_no_means_no(docker: Client, name: str) -> None:
    """B4: the default."""
    docker("run", "--name", name, "busybox", "false")
    assert (
        docker.ok("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}} {{.State.Status}}", name)
        == "no exited"
    )


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ("nope", "invalid restart policy"),
        ("always:3", "maximum retry count"),
        ("on-failure:x", "maximum retry count must be an integer"),
        ("on-failure:-1", "maximum retry count cannot be negative"),
    ],
)
def test_bad_policies(docker: Client, policy: str, complaint: str) -> None:
    """Bad input."""
    result = docker("run", "-d", "--restart", policy, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err


def test_not_with_rm(docker: Client) -> None:
    """Bad input: --rm and a policy exclude one another."""
    result = docker("run", "--rm", "--restart", "always", "busybox", "true")
    assert result.code == 125
    assert "conflicting options: cannot specify both --restart and --rm" in result.err
