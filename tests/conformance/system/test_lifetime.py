"""What outlives the engine: records, files and, for berth, running containers (A2.7, issue: kill -9)."""

from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import OwnEngine
from tests.support.waiting import wait_until


@pytest.fixture
def own(own_engine: OwnEngine, client_command: str, tmp_path: Path) -> Client:
    return Client(client_command, own_engine.host, tmp_path / "home")


def test_clean_stop_leaves_nothing(own_engine: OwnEngine, own: Client) -> None:
    """Issue: after everything is removed and the engine stopped, the host is as before."""
    own.ok("run", "-d", "--name", "gone", "-p", "127.0.0.1:0:80", "busybox", "sleep", "300")
    own.ok("run", "-d", "--name", "died", "-v", "volume:/x", "--tmpfs", "/t", "busybox", "true")
    own.ok("rm", "-f", "gone", "died")
    own_engine.stop()
    assert own_engine.leftovers() == []
    assert not own_engine.pidfile.exists()


def test_records_and_files_survive_a_stop(own_engine: OwnEngine, own: Client) -> None:
    """A2.7: stopped containers, their files, logs, images, volumes."""
    script = "echo said; echo f > /file; echo v > /v/f; exit 3"
    assert own("run", "--name", "done", "-v", "volume:/v", "busybox", "sh", "-c", script).code == 3
    own.ok("tag", "busybox", "second:1")
    own_engine.stop()
    own_engine.start()
    assert own.ok("ps", "-a", "--format", "{{.Names}} {{.Status}}").startswith("done Exited (3) ")
    assert own.ok("logs", "done") == "said"
    assert "second" in own.ok("images")
    assert own.ok("run", "--rm", "-v", "volume:/v", "busybox", "cat", "/v/f") == "v"
    assert "A /file" in own.ok("diff", "done").splitlines()


def test_power_cut(own_engine: OwnEngine, own: Client) -> None:
    """A2.7: all processes gone at once: ``ps -a`` lists both, nothing claims to run, ``start`` finds the
    files."""
    own.ok("run", "--name", "done", "busybox", "sh", "-c", "echo kept > /file")
    own.ok(
        "run",
        "-d",
        "--name",
        "ran",
        "busybox",
        "sh",
        "-c",
        "test -e /file || echo first > /file; cat /file; sleep 300",
    )
    wait_until(lambda: own.ok("logs", "ran") == "first", "the file is written")
    own.ok("run", "-d", "--name", "back", "--restart", "always", "busybox", "sleep", "300")
    own_engine.cut_power()
    own_engine.start()
    assert set(own.ok("ps", "-a", "--format", "{{.Names}}").split()) == {"done", "ran", "back"}
    assert own.ok("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", "ran") == "false 0"
    wait_until(
        lambda: own.ok("inspect", "-f", "{{.State.Running}}", "back") == "true",
        "the restart policy brings it back",
    )
    own.ok("start", "ran")
    wait_until(lambda: own.ok("logs", "-n", "1", "ran") == "first", "the file is still there")


def test_running_containers_survive_the_daemon(own_engine: OwnEngine, own: Client) -> None:
    """Issue: after kill -9 and a new start containers run on, logs have no gap, exec, wait and codes work.

    dockerd ends them with itself unless live-restore is set (architecture: "Restart = records + kernel").
    """
    if own_engine.is_dockerd:
        pytest.skip("dockerd kills its containers with its own containerd unless live-restore is configured")
    script = "i=0; while [ ! -e /stop ]; do echo $i; i=$((i+1)); usleep 5000; done; exit 42"
    own.ok("run", "-d", "--name", "runs", "-p", "127.0.0.1:18080:80", "busybox", "sh", "-c", script)
    pid = own.ok("inspect", "-f", "{{.State.Pid}}", "runs")
    for _ in range(3):
        own_engine.kill()
        own_engine.start()
    assert own.ok("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", "runs") == f"true {pid}"
    own.ok("exec", "runs", "touch", "/stop")
    assert own.ok("wait", "runs") == "42"
    numbers = [int(line) for line in own.ok("logs", "runs").splitlines()]
    assert numbers == list(range(len(numbers)))


def test_exit_while_the_daemon_is_away(own_engine: OwnEngine, own: Client) -> None:
    """Issue: an exit code that nobody was there to see is known afterwards."""
    if own_engine.is_dockerd:
        pytest.skip("dockerd kills its containers with its own containerd unless live-restore is configured")
    own.ok(
        "run",
        "-di",
        "--name",
        "runs",
        "-v",
        f"{own_engine.root}/shared:/s",
        "busybox",
        "sh",
        "-c",
        "until [ -e /s/go ]; do usleep 10000; done; exit 7",
    )
    pid = own.ok("inspect", "-f", "{{.State.Pid}}", "runs")
    own_engine.kill()
    (own_engine.root / "shared/go").touch()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the container has ended")
    own_engine.start()
    assert own.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "runs") == "exited 7"


def test_two_engines_side_by_side(own_engine: OwnEngine, own: Client, docker: Client) -> None:
    """Issue: engines with different roots do not see one another."""
    own.ok("run", "-d", "--name", "mine", "busybox", "sleep", "300")
    assert "mine" not in docker.ok("ps", "-a")
    assert docker.ok("run", "--rm", "busybox", "echo", "fine") == "fine"
