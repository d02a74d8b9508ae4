"""docker inspect of images and what configurations hold (A7 inspect, A4.16)."""

import json

from tests.support.cli import Client


def config(docker: Client, image: str) -> dict[str, object]:
    return json.loads(docker.ok("inspect", "--type", "image", image))[0]["Config"]


def test_fields(docker: Client) -> None:
    """A7 inspect."""
    (entry,) = json.loads(docker.ok("image", "inspect", "busybox"))
    assert entry["RepoTags"] == ["busybox:latest"]
    assert entry["Id"].startswith("sha256:")
    assert (entry["Architecture"], entry["Os"]) == ("amd64", "linux")
    assert entry["RootFS"]["Type"] == "layers"
    assert len(entry["RootFS"]["Layers"]) == 1
    assert entry["Size"] > 1_900_000
    assert entry["Created"].endswith("Z")
    assert entry["Config"]["Cmd"] == ["sh"]


def test_what_dockerfiles_set(docker: Client) -> None:
    """A4.16: labels, ports, volumes, user, environment, signals, triggers, health."""
    assert config(docker, "fixture-expose:1")["ExposedPorts"] == {"8080/tcp": {}, "5353/udp": {}}
    assert config(docker, "fixture-expose:1")["Labels"] == {"made": "here", "kind": "expose"}
    assert config(docker, "fixture-volume:1")["Volumes"] == {"/data": {}}
    assert config(docker, "fixture-user:1")["User"] == "demo"
    assert config(docker, "fixture-env:1")["WorkingDir"] == "/srv/work"
    assert "COLOUR=green" in config(docker, "fixture-env:1")["Env"]
    assert config(docker, "fixture-stopsignal:1")["StopSignal"] == "SIGUSR1"
    assert config(docker, "fixture-onbuild:1")["OnBuild"] == ["RUN true"]
    assert config(docker, "fixture-health:1")["Healthcheck"]["Test"] == ["CMD-SHELL", "test -e /healthy"]
    assert config(docker, "fixture-entrypoint-exec:1")["Entrypoint"] == ["echo", "entry"]


def test_unknown(docker: Client) -> None:
    """A7 inspect: ``[]`` on standard output, the text on standard error, exit 1."""
    result = docker("image", "inspect", "no-such")
    assert (result.code, result.out) == (1, "[]\n")
    assert "No such image: no-such" in result.err


def test_container_takes_them_over(docker: Client, name: str) -> None:
    """A4.16: a container inherits and adds."""
    docker.ok(
        "create", "--name", name, "--label", "own=1", "--expose", "9", "-e", "SHAPE=square", "fixture-env:1"
    )
    (entry,) = json.loads(docker.ok("inspect", name))
    assert entry["Config"]["WorkingDir"] == "/srv/work"
    assert {"COLOUR=green", "SHAPE=square"} <= set(entry["Config"]["Env"])
    assert "SHAPE=round" not in entry["Config"]["Env"]


def test_ambiguous_prefix_is_an_error(docker: Client) -> None:
    """A1.19: a prefix that fits several images finds none of them."""
    ids = [one.removeprefix("sha256:") for one in docker.ok("images", "-q", "--no-trunc").splitlines()]
    digits = {one[0] for one in ids}
    shared = next(digit for digit in sorted(digits) if sum(one.startswith(digit) for one in set(ids)) > 1)
    assert docker("inspect", "--type", "image", shared).code == 1
