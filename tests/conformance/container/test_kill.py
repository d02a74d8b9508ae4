"""docker kill (A7 kill)."""

import re

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.waiting import wait_until


def test_kill_by_default(docker: Client, name: str) -> None:
    """A7 kill: prints the name; 137."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    assert docker("kill", name) == (0, f"{name}\n", "")
    assert docker.ok("wait", name) == "137"
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.OOMKilled}}", name) == "exited false"


@pytest.mark.parametrize("signal", ["USR1", "SIGUSR1", "10", "usr1"])
def test_other_signals_leave_it_running(docker: Client, name: str, signal: str) -> None:
    """A7 kill: -s USR1 by name, with SIG, by number, in small letters."""
    script = "trap 'echo caught' USR1; echo ready; while :; do sleep 0.05; done"
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", script)
    wait_until(lambda: docker.ok("logs", name) == "ready", "the trap is set")
    docker.ok("kill", "-s", signal, name)
    wait_until(lambda: docker.ok("logs", name) == "ready\ncaught", "the signal has arrived")
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_stopped_one_is_an_error(docker: Client, name: str) -> None:
    """A7 kill."""
    full = docker.ok("create", "--name", name, "busybox")
    result = docker("kill", name)
    assert result.code == 1
    assert f"container {full} is not running" in result.err.lower()
    assert result.err.lower().startswith(f"error response from daemon: cannot kill container: {name}")


def test_unknown(docker: Client) -> None:
    """A7 kill."""
    result = docker("kill", "no-such")
    assert result.code == 1
    assert "No such container: no-such" in result.err


@pytest.mark.parametrize("signal", ["NOPE", "0", "99", "-1"])
def test_bad_signal(docker: Client, name: str, signal: str, engine: Engine) -> None:
    """Bad input: the engine names the signal; the container lives."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    result = docker("kill", f"--signal={signal}", name)
    assert result.code == 1
    assert re.search(f"nvalid signal: {signal}|does not support signal", result.err)
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_paused_one(docker: Client, name: str, engine: Engine) -> None:
    """A7 kill: KILL reaches a paused one."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    docker.ok("pause", name)
    docker.ok("kill", name)
    assert docker.ok("wait", name) == "137"
    assert docker.ok("inspect", "-f", "{{.State.Paused}}", name) == expect(
        engine, dockerd="false", berthd="false"
    )
