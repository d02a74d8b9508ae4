"""docker stop (A2.6, A7 stop)."""

import time

from tests.support.cli import Client
from tests.support.http import Api
from tests.support.waiting import wait_until

TRAP = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done"


def start(docker: Client, name: str, *words: str) -> None:
    docker.ok("run", "-d", "--name", name, *words)


def test_graceful(docker: Client, name: str) -> None:
    """A2.6: TERM first; the given name is printed; the process's own code stays."""
    start(docker, name, "busybox", "sh", "-c", TRAP)
    wait_until(lambda: docker.ok("logs", name) == "ready", "the trap is set")
    assert docker("stop", name) == (0, f"{name}\n", "")
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name) == "exited 5"
    assert docker.ok("logs", name) == "ready\nbye"


def test_kill_after_the_timeout(docker: Client, name: str) -> None:
    """A2.6: a first process that ignores TERM gets KILL after the time given; code 137."""
    start(docker, name, "busybox", "sleep", "300")
    began = time.monotonic()
    assert docker.ok("stop", "-t", "1", name) == name
    assert time.monotonic() - began >= 1
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "137"


def test_init_makes_it_quick(docker: Client, name: str) -> None:
    """A2.6: with --init a sleep dies of TERM (143) well before KILL."""
    start(docker, name, "--init", "busybox", "sleep", "300")
    docker.ok("stop", "-t", "60", name)
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "143"


def test_stop_timeout_of_the_container(docker: Client, name: str) -> None:
    """B4 --stop-timeout: used when the line gives none."""
    start(docker, name, "--stop-timeout", "1", "busybox", "sleep", "300")
    docker.ok("stop", name)
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "137"
    assert docker.ok("inspect", "-f", "{{.Config.StopTimeout}}", name) == "1"


def test_stop_signal_of_image_and_flag(docker: Client, name: str) -> None:
    """A2.6: STOPSIGNAL of the image, --stop-signal of the line."""
    script = "trap 'exit 21' USR1; trap 'exit 22' INT; echo ready; while :; do sleep 0.05; done"
    for number, words in enumerate(
        (["fixture-stopsignal:1"], ["--stop-signal", "INT", "fixture-stopsignal:1"])
    ):
        one = f"{name}-{number}"
        start(docker, one, *words, "sh", "-c", script)
        wait_until(lambda one=one: docker.ok("logs", one) == "ready", "the trap is set")
        docker.ok("stop", one)
        assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", one) == str(21 + number)


def test_stopped_already(docker: Client, api: Api, name: str) -> None:
    """A2.6: succeeds again; the API answers 304."""
    docker.ok("run", "--name", name, "busybox", "true")
    assert docker("stop", name) == (0, f"{name}\n", "")
    assert api.post(f"/containers/{name}/stop").status == 304


def test_unknown(docker: Client) -> None:
    """A7 stop."""
    result = docker("stop", "no-such")
    assert result.code == 1
    assert "No such container: no-such" in result.err


def test_several(docker: Client, name: str) -> None:
    """A7 stop: each name printed; one unknown does not spare the others."""
    for number in (1, 2):
        start(docker, f"{name}-{number}", "busybox", "sleep", "300")
    result = docker("stop", "-t", "0", f"{name}-1", "no-such", f"{name}-2")
    assert result.code == 1
    assert set(result.lines) == {f"{name}-1", f"{name}-2"}


def test_paused(docker: Client, name: str) -> None:
    """A7 stop: a paused one is stopped too."""
    start(docker, name, "busybox", "sleep", "300")
    docker.ok("pause", name)
    docker.ok("stop", "-t", "0", name)
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.Paused}}", name) == "exited false"


def test_stop_is_not_undone_by_a_restart_policy(docker: Client, name: str) -> None:
    """B4 --restart: ``always`` does not bring back what was stopped by hand."""
    start(docker, name, "--restart", "always", "busybox", "sleep", "300")
    docker.ok("stop", "-t", "0", name)
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", name) == "exited 0"
