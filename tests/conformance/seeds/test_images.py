"""The seeds' work with images: sharing (000), three ways to one and layers (001), cleaning up (003)."""

import json
import re

import pytest

from tests.conformance.registry.conftest import PASSWORD, USER, Registry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.http import Api
from tests.support.terminal import Session


@pytest.fixture
def logged_in(docker: Client, hub: Registry) -> Registry:
    docker.ok("login", "-u", USER, "--password-stdin", hub.host, stdin=PASSWORD)
    return hub


def log_in(session: Session) -> None:
    session.expect("Username: ")
    session.line(USER)
    session.expect("Password: ")
    session.line(PASSWORD)
    session.expect("Login Succeeded")
    assert session.wait() == 0
    assert PASSWORD.encode() not in session.seen


def test_share_an_image(docker: Client, hub: Registry, api: Api) -> None:
    """A6.3 (000): ``docker login hub.comcast.net``, ``docker tag``, ``docker push`` below ``ebi_ds/``."""
    docker.ok("tag", "fixture-env:1", "demo_small:0.1")
    with docker.terminal_shell(f"docker login {hub.host}") as session:
        log_in(session)
    shared = f"{hub.host}/ebi_ds/demo_small:0.1"
    assert docker.shell(f"docker tag demo_small:0.1 {shared}") == (0, "", "")
    pushed = docker.shell(f"docker push {shared}")
    assert (pushed.code, pushed.err) == (0, "")
    assert pushed.lines[0] == f"The push refers to repository [{hub.host}/ebi_ds/demo_small]"
    digest = re.fullmatch(r"0\.1: digest: (sha256:[0-9a-f]{64}) size: \d+", pushed.lines[-1])[1]
    assert api.get(f"/images/{shared}/json").json()["RepoDigests"] == [
        f"{hub.host}/ebi_ds/demo_small@{digest}"
    ]
    assert docker.shell(f"docker logout {hub.host}").out == f"Removing login credentials for {hub.host}\n"
    refused = docker.shell(f"docker push {shared}")
    assert (refused.code, refused.err) == (1, "no basic auth credentials\n")
    docker.ok("rmi", shared)
    assert docker.shell(f"docker pull {shared}").code == 1
    with docker.terminal_shell(f"docker login {hub.host}") as session:
        log_in(session)
    assert docker.shell(f"docker run --rm {shared} sh -c 'echo $COLOUR'").out == "green\n"
    docker.ok("logout", hub.host)


def test_three_ways_to_an_image(docker: Client, logged_in: Registry, name: str) -> None:
    """A6.5 (001): pulled with words or by itself, and saved from a container that goes on meanwhile."""
    image_name = f"{logged_in.host}/lab/base"
    docker.ok("tag", "fixture-seeded:1", image_name)
    docker.ok("push", image_name)
    docker.ok("rmi", image_name)
    assert docker.shell(f"docker pull {image_name}").lines[-1] == f"{image_name}:latest"
    docker.ok("rmi", image_name)
    started = docker.shell(f"docker run -d --name={name} {image_name} sh -c 'echo new > /new; sleep 300'")
    assert started.code == 0 and f"Unable to find image '{image_name}:latest' locally" in started.err
    docker.ok("exec", name, "sh", "-c", "until test -s /new; do usleep 10000; done")
    assert docker.shell(f"docker commit {name} {image_name}:tag").out.startswith("sha256:")
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "running"
    assert docker.shell(f"docker push {image_name}:tag").code == 0
    docker.ok("rm", "-f", name)
    docker.ok("rmi", image_name, f"{image_name}:tag")
    assert docker.shell(f"docker run --rm {image_name}:tag cat /new /data/from-image").out == "new\nkept\n"


def test_images_share_what_is_equal(docker: Client, api: Api, name: str) -> None:
    """A6.7 (001): images that differ in their last lines only take the space of the rest once."""
    before = api.get("/system/df").json()["LayersSize"]
    for number in (1, 2):
        docker.ok(
            "run", "--name", f"{name}-{number}", "fixture-seeded:1", "sh", "-c", f"echo {number} > /last"
        )
        docker.ok("commit", f"{name}-{number}", f"{name}:{number}")
    usage = api.get("/system/df").json()
    assert usage["LayersSize"] == before + 4
    sizes = {tag: image for image in usage["Images"] for tag in image["RepoTags"] or ()}
    base = sizes["fixture-seeded:1"]["Size"]
    for number in (1, 2):
        found = sizes[f"{name}:{number}"]
        assert (found["Size"], found["SharedSize"]) == (base + 2, base)
    lines = docker.shell("docker system df -v").lines
    head = next(line for line in lines if line.startswith("REPOSITORY"))
    assert "SHARED SIZE" in head and "UNIQUE SIZE" in head
    row = next(line for line in lines if line.startswith(f"{name} ") and " 1 " in line)
    assert re.split(r"\s{2,}", row.strip())[-2] == "2B"


def test_space_from_time_to_time(docker: Client, engine: Engine, api: Api, name: str) -> None:
    """A6.12 (003): containers pile up without ``--rm``; what the seed calls purge is prune."""
    for number in range(3):
        docker.ok("run", "--name", f"{name}-{number}", "--label", name, "busybox", "sh", "-c", "echo 1 > /x")
    docker.ok("commit", f"{name}-0", f"{name}:1")
    docker.ok("commit", f"{name}-1", f"{name}:1")
    docker.ok("run", "-d", "--name", f"{name}-runs", "--label", name, f"{name}:1", "sleep", "300")
    dangling = docker.ok("images", "-q", "--filter", "dangling=true").split()
    assert len(dangling) == 1
    there = docker.ok("ps", "-aq", "--filter", f"label={name}").split()
    for slip in ("docker container purge", "docker image purge"):
        refused = docker.shell(slip)
        assert refused.code == 1 and refused.err.startswith(f"docker: unknown command: {slip}\n")
    assert docker.ok("ps", "-aq", "--filter", f"label={name}").split() == there
    rows = [json.loads(line) for line in docker.ok("system", "df", "--format", "json").splitlines()]
    assert {row["Type"] for row in rows} == {"Images", "Containers", "Local Volumes", "Build Cache"}
    pruned = docker.shell("docker container prune -f")
    assert pruned.lines[0] == "Deleted Containers:" and "Total reclaimed space: 6B" in pruned.lines
    assert docker.ok("ps", "-a", "--filter", f"label={name}", "--format", "{{.Names}}") == f"{name}-runs"
    pruned = docker.shell("docker image prune -f")
    assert any(dangling[0] in line for line in pruned.lines)
    assert docker.ok("images", "-q", "--filter", "dangling=true") == ""
    assert docker.ok("images", "-q", f"{name}:1")
    docker.ok("rm", "-f", f"{name}-runs")
