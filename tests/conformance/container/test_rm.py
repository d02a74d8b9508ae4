"""docker rm (A3.5)."""

from pathlib import Path

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api


def test_prints_what_was_given(docker: Client, name: str) -> None:
    """A3.5: by name, by prefix, several in one call."""
    first = docker.ok("create", "--name", f"{name}-1", "busybox")
    docker.ok("create", "--name", f"{name}-2", "busybox")
    assert docker("rm", first[:9], f"{name}-2") == (0, f"{first[:9]}\n{name}-2\n", "")
    assert docker.ok("ps", "-aq", "--filter", f"name={name}") == ""


def test_running_is_refused(docker: Client, name: str, engine: Engine) -> None:
    """A3.5: "cannot remove"; exit 1; 20.10 has its own words."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    result = docker("rm", name)
    assert result.code == 1
    assert result.err == expect(
        engine,
        dockerd=f"Error response from daemon: You cannot remove a running container {full}. "
        "Stop the container before attempting removal or force remove\n",
        berthd=f'Error response from daemon: cannot remove container "{name}": container is running: '
        "stop the container before removing or force remove\n",
    )
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_paused_is_refused(docker: Client, name: str, engine: Engine) -> None:
    """A3.5: paused counts as running."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    docker.ok("pause", name)
    result = docker("rm", name)
    assert result.code == 1
    said = expect(
        engine,
        dockerd="You cannot remove a paused container",
        berthd="container is paused and must be unpaused first",
    )
    assert said in result.err
    docker.ok("rm", "-f", name)


def test_force(docker: Client, name: str) -> None:
    """A3.5: -f kills and removes."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    assert docker("rm", "-f", name) == (0, f"{name}\n", "")
    assert docker.ok("ps", "-aq", "--filter", f"name={name}") == ""


def test_unknown(docker: Client) -> None:
    """A3.5: exit 1; with -f the text but exit 0."""
    text = "Error response from daemon: No such container: no-such\n"
    assert docker("rm", "no-such") == (1, "", text)
    assert docker("rm", "-f", "no-such") == (0, "", text)


def test_good_ones_go_although_one_is_unknown(docker: Client, name: str) -> None:
    """A3.5."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("rm", "no-such", name)
    assert (result.code, result.out) == (1, f"{name}\n")


def test_volumes(docker: Client, name: str) -> None:
    """A3.5: -v takes anonymous volumes, never named ones; without -v both stay."""
    before = set(docker.ok("volume", "ls", "-q").split())
    for flags, left in (([], 2), (["-v"], 1)):
        docker.ok("create", "--name", name, "-v", "/anonymous", "-v", f"{name}:/named", "busybox")
        docker.ok("rm", *flags, name)
        now = set(docker.ok("volume", "ls", "-q").split()) - before
        assert name in now
        assert len(now) == left
        docker.ok("volume", "rm", *now)


def test_name_is_free_again(docker: Client, name: str) -> None:
    """A3.5, A1.9."""
    first = docker.ok("create", "--name", name, "busybox")
    docker.ok("rm", name)
    assert docker.ok("create", "--name", name, "busybox") != first


def test_api_codes(docker: Client, api: Api, name: str) -> None:
    """C2: 204, 404, 409."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    assert api.delete(f"/containers/{name}").status == 409
    assert api.delete(f"/containers/{name}", force=True).status == 204
    assert api.delete(f"/containers/{name}").status == 404


def test_files_are_gone(docker: Client, api: Api, name: str, engine: Engine) -> None:
    """A3.5: no directory of the engine keeps the container's files."""
    docker.ok("run", "--name", name, "busybox", "sh", "-c", "echo x > /unique-file-of-this-test")
    log_path = api.get(f"/containers/{name}/json").json().get("LogPath")
    docker.ok("rm", name)
    assert not log_path or not Path(log_path).exists()
