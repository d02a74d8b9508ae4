"""docker create (A7 create)."""

import re

from tests.support.cli import Client
from tests.support.http import Api


def test_prints_the_id_and_waits(docker: Client, name: str) -> None:
    """A7 create: the 64-digit id, state Created; ``start`` runs it."""
    result = docker("create", "--name", name, "busybox", "echo", "ran")
    assert result.code == 0
    assert re.fullmatch("[0-9a-f]{64}\n", result.out)
    assert docker.ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", name) == "created 0"
    assert docker.ok("start", "-a", name) == "ran"


def test_unknown_image(docker: Client) -> None:
    """A7 create: tries to pull, fails without a network, exit 1."""
    result = docker("create", "no-such-image-here")
    assert result.code == 1
    assert "Unable to find image 'no-such-image-here:latest' locally" in result.err


def test_volumes_are_made_at_create(docker: Client, name: str) -> None:
    """A1.16: a named volume exists from create on."""
    docker.ok("create", "--name", name, "-v", f"{name}:/data", "busybox")
    assert docker.ok("volume", "inspect", "-f", "{{.Name}}", name) == name


def test_a_refused_create_leaves_nothing(docker: Client, api: Api, name: str) -> None:
    """Bad input: neither container nor name nor volume stays."""
    volumes = docker.ok("volume", "ls", "-q")
    assert (
        docker(
            "create",
            "--name",
            name,
            "-v",
            "/anonymous",
            "--mount",
            "type=bind,src=/no-such,dst=/x",
            "busybox",
        ).code
        == 1
    )
    assert docker.ok("ps", "-aq", "--filter", f"name={name}") == ""
    assert docker.ok("volume", "ls", "-q") == volumes
    docker.ok("create", "--name", name, "busybox")


def test_answer_of_the_api(api: Api) -> None:
    """C2: 201 with Id and Warnings."""
    reply = api.post("/containers/create", {"Image": "busybox"})
    assert reply.status == 201
    assert set(reply.json()) == {"Id", "Warnings"}
    assert reply.json()["Warnings"] in ([], None)


def test_fields_in_small_letters(api: Api) -> None:
    """C2: Go decodes names of fields without regard to case; some clients lean on it."""
    reply = api.post(
        "/containers/create", {"image": "busybox", "hostname": "small", "hostConfig": {"memory": 67108864}}
    )
    assert reply.status == 201
    made = api.get(f"/containers/{reply.json()['Id']}/json").json()
    assert made["Config"]["Hostname"] == "small"
    assert made["HostConfig"]["Memory"] == 67108864


def test_unknown_fields_are_ignored(api: Api) -> None:
    """C2: clients of other versions send fields that nobody knows."""
    assert api.post("/containers/create", {"Image": "busybox", "NoSuchField": {"a": 1}}).status == 201


def test_nulls_are_absent(api: Api) -> None:
    """C2: Go clients send null for what is empty."""
    nothing = {
        "Image": "busybox",
        "Cmd": None,
        "Env": None,
        "Labels": None,
        "Entrypoint": None,
        "Volumes": None,
    }
    assert (
        api.post(
            "/containers/create", {**nothing, "HostConfig": {"Binds": None, "PortBindings": None}}
        ).status
        == 201
    )


def test_cmd_as_text(api: Api) -> None:
    """C2: Cmd and Entrypoint may be one string instead of a list."""
    reply = api.post("/containers/create", {"Image": "busybox", "Cmd": "true", "Entrypoint": "env"})
    assert reply.status == 201
    made = api.get(f"/containers/{reply.json()['Id']}/json").json()
    assert (made["Path"], made["Args"]) == ("env", ["true"])
