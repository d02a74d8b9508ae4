"""docker start (A2.5, A7 start)."""

from tests.support.cli import Client
from tests.support.http import Api
from tests.support.waiting import wait_until


def test_prints_the_name_and_runs_detached(docker: Client, name: str) -> None:
    """A2.5."""
    docker.ok("create", "--name", name, "busybox", "sleep", "60")
    assert docker("start", name) == (0, f"{name}\n", "")
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_what_was_given_is_printed(docker: Client, name: str) -> None:
    """A2.5: an id prefix comes back as such."""
    full = docker.ok("create", "--name", name, "busybox")
    assert docker.ok("start", full[:7]) == full[:7]


def test_again_keeps_id_and_files(docker: Client, name: str) -> None:
    """A2.5: same id, same writable layer, logs accumulate."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", "echo x >> /kept; wc -l < /kept")
    docker.ok("wait", name)
    docker.ok("start", "-a", name)
    assert docker.ok("logs", name) == "1\n2"
    assert docker.ok("inspect", "-f", "{{.Id}}", name) == full


def test_attach_gives_output_and_code(docker: Client, name: str) -> None:
    """A2.5: -a."""
    docker.ok("create", "--name", name, "busybox", "sh", "-c", "echo out; echo err >&2; exit 6")
    assert docker("start", "-a", name) == (6, "out\n", "err\n")


def test_interactive_gives_input(docker: Client, name: str) -> None:
    """A2.5: -ai."""
    docker.ok("create", "-i", "--name", name, "busybox", "cat")
    assert docker("start", "-ai", name, stdin="one\n") == (0, "one\n", "")


def test_running_already(docker: Client, api: Api, name: str) -> None:
    """A2.5: starting a running one succeeds; the API answers 304."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "60")
    assert docker("start", name) == (0, f"{name}\n", "")
    assert api.post(f"/containers/{name}/start").status == 304


def test_unknown(docker: Client) -> None:
    """A2.5: two lines on standard error, exit 1."""
    wanted = (
        "Error response from daemon: No such container: no-such\nError: failed to start containers: no-such\n"
    )
    assert docker("start", "no-such") == (1, "", wanted)


def test_several(docker: Client, name: str) -> None:
    """A2.5: the good ones start although one is unknown."""
    for number in (1, 2):
        docker.ok("create", "--name", f"{name}-{number}", "busybox", "sleep", "60")
    result = docker("start", f"{name}-1", "no-such", f"{name}-2")
    assert result.code == 1
    assert result.out == f"{name}-1\n{name}-2\n"
    assert "Error: failed to start containers: no-such" in result.err
    assert docker.ok("inspect", "-f", "{{.State.Running}}", f"{name}-1", f"{name}-2") == "true\ntrue"


def test_paused(docker: Client, name: str) -> None:
    """A7 start: a paused one cannot be started."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "60")
    docker.ok("pause", name)
    result = docker("start", name)
    assert result.code == 1
    assert "cannot start a paused container, try unpause instead" in result.err


def test_missing_program(docker: Client, name: str) -> None:
    """A2.5: a failing start says why, exit 1; the code is kept in the state."""
    docker.ok("create", "--name", name, "busybox", "nope-no-such")
    result = docker("start", name)
    assert result.code == 1
    assert 'exec: "nope-no-such": executable file not found in $PATH' in result.err
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "127"


def test_start_of_one_with_rm(docker: Client, name: str) -> None:
    """A1.7: ``create --rm`` and then start: gone after exit."""
    docker.ok("create", "--rm", "--name", name, "busybox", "true")
    docker.ok("start", name)
    wait_until(lambda: not docker.ok("ps", "-aq", "--filter", f"name={name}"), "the container is removed")


def test_detach_keys(docker: Client, name: str) -> None:
    """A2.1: start -ai --detach-keys; leaving the container that way exits as run does."""
    docker.ok("create", "-it", "--name", name, "busybox")
    with docker.terminal("start", "-ai", "--detach-keys", "ctrl-x,x", name) as session:
        session.line("echo he''re")
        session.expect("here\r\n")
        session.send(b"\x18x")
        assert session.wait() in (0, 1)
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_times(docker: Client, api: Api, name: str) -> None:
    """A2.5: StartedAt and FinishedAt move, Created does not."""
    docker.ok("run", "--name", name, "busybox", "usleep", "20000")
    first = api.get(f"/containers/{name}/json").json()
    docker.ok("start", "-a", name)
    second = api.get(f"/containers/{name}/json").json()
    assert first["Created"] == second["Created"]
    assert first["State"]["StartedAt"] < first["State"]["FinishedAt"] < second["State"]["StartedAt"]
