"""``push`` (A4.13): lines, what is not sent, refusals."""

import base64
import json
import re

from tests.conformance.registry.conftest import Registry
from tests.support.cli import Client
from tests.support.http import Api

NOBODY = {"X-Registry-Auth": "e30="}


def settled(lines: list[str]) -> list[str]:
    """The layers' lines without their order: they travel at the same time."""
    return sorted(re.sub(r"^[0-9a-f]{12}", "LAYER", line) for line in lines)


def test_what_a_push_prints(docker: Client, api: Api, plain: Registry, fresh) -> None:
    name = f"{plain.host}/push/lines"
    fresh(f"{name}:latest")
    done = docker("push", name)
    assert done.code == 0 and done.err == ""
    assert done.lines[:2] == ["Using default tag: latest", f"The push refers to repository [{name}]"]
    told = settled(done.lines[2:-1])
    assert told.count("LAYER: Preparing") == 2 and "LAYER: Pushed" in told and len(told) == 4
    found = re.fullmatch(r"latest: digest: (sha256:[0-9a-f]{64}) size: (\d+)", done.lines[-1])
    assert found
    assert f"{name}@{found[1]}" in api.get(f"/images/{name}/json").json()["RepoDigests"]
    inspected = api.get(f"/distribution/{name}/json").json()
    assert inspected["Descriptor"] == {
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "digest": found[1],
        "size": int(found[2]),
    }
    assert inspected["Platforms"] == [{"architecture": "amd64", "os": "linux"}]


def test_what_is_there_is_not_sent(docker: Client, plain: Registry) -> None:
    name = f"{plain.host}/push/again:v1"
    docker.ok("tag", "fixture-volume:1", name)
    first = docker.ok("push", name).splitlines()
    second = docker.ok("push", name).splitlines()
    assert settled(second[1:-1]) == ["LAYER: Layer already exists"] * 2 + ["LAYER: Preparing"] * 2
    assert second[-1] == first[-1]
    assert docker.ok("push", "-q", name) == name


def test_layers_of_another_repository_are_mounted(docker: Client, plain: Registry) -> None:
    docker.ok("tag", "fixture-volume:1", f"{plain.host}/push/source:v1")
    docker.ok("push", f"{plain.host}/push/source:v1")
    docker.ok("tag", "fixture-volume:1", f"{plain.host}/push/mounted:v1")
    lines = docker.ok("push", f"{plain.host}/push/mounted:v1").splitlines()
    ends = [line for line in lines[1:-1] if "Preparing" not in line]
    assert len(ends) == 2 and all(": Mounted from push/" in line for line in ends)


def test_all_tags(docker: Client, plain: Registry) -> None:
    repository = f"{plain.host}/push/all"
    for tag, image in (("a", "fixture-user:1"), ("b", "fixture-env:1")):
        docker.ok("tag", image, f"{repository}:{tag}")
    lines = docker.ok("push", "-a", repository).splitlines()
    assert [line.split(":")[0] for line in lines if " digest: " in line] == ["a", "b"]


def test_an_image_that_is_not_here(docker: Client, plain: Registry) -> None:
    name = f"{plain.host}/push/absent"
    done = docker("push", name)
    assert (done.code, done.err) == (1, f"An image does not exist locally with the tag: {name}\n")
    docker.ok("tag", "busybox", f"{plain.host}/push/present:v1")
    done = docker("push", f"{plain.host}/push/present:v2")
    assert (done.code, done.err) == (1, f"tag does not exist: {plain.host}/push/present:v2\n")


def test_digests_cannot_be_pushed(docker: Client, plain: Registry) -> None:
    done = docker("push", f"{plain.host}/x@sha256:{'0' * 64}")
    assert (done.code, done.err) == (1, "cannot push a digest reference\n")


def test_without_credentials(docker: Client, guarded: Registry) -> None:
    name = f"{guarded.host}/push/guarded:v1"
    docker.ok("tag", "fixture-user:1", name)
    done = docker("push", name)
    assert (done.code, done.err) == (1, "no basic auth credentials\n")
    assert done.lines[0] == f"The push refers to repository [{guarded.host}/push/guarded]"


def test_with_wrong_credentials(docker: Client, api: Api, guarded: Registry) -> None:
    docker.ok("tag", "fixture-user:1", f"{guarded.host}/push/wrong:v1")
    wrong = json.dumps({"username": "alice", "password": "wrong"}).encode()
    headers = {"X-Registry-Auth": base64.urlsafe_b64encode(wrong).decode()}
    reply = api.request("POST", f"/images/{guarded.host}/push/wrong/push", headers=headers, tag="v1")
    assert reply.status == 200
    assert reply.lines()[-1]["error"] == "unauthorized: authentication required"


def test_nobody_listens(docker: Client, plain: Registry) -> None:
    docker.ok("tag", "busybox", "127.0.0.1:9/x/y:v1")
    done = docker("push", "127.0.0.1:9/x/y:v1")
    text = 'Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused\n'
    assert (done.code, done.err) == (1, text)


def test_the_header_of_credentials_must_be_there(api: Api, plain: Registry) -> None:
    reply = api.post(f"/images/{plain.host}/push/x/push")
    assert (reply.status, reply.message) == (400, "Bad parameters and missing X-Registry-Auth: EOF")


def test_the_result_for_programs(api: Api, docker: Client, plain: Registry) -> None:
    docker.ok("tag", "fixture-user:1", f"{plain.host}/push/aux:v1")
    reply = api.request("POST", f"/images/{plain.host}/push/aux/push", headers=NOBODY, tag="v1")
    *_, status, aux = reply.lines()
    result = aux["aux"]
    assert status == {"status": f"v1: digest: {result['Digest']} size: {result['Size']}"}
    assert result["Tag"] == "v1" and aux["progressDetail"] == {}
