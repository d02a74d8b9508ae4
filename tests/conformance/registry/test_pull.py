"""``pull`` (A4.12): classic lines, digests, tags, failures; and ``run`` that pulls by itself (A1.1)."""

import re

from tests.conformance.registry.conftest import Registry, Trust
from tests.support.cli import Client
from tests.support.events import past_events
from tests.support.http import Api

NOWHERE = "127.0.0.1:9"


def test_what_a_pull_prints(docker: Client, plain: Registry, fresh) -> None:
    name = f"{plain.host}/featp/lines:v1"
    fresh(name)
    digest = docker.ok("push", name).splitlines()[-1].split(" ")[2]
    docker.ok("rmi", "-f", name)
    done = docker("pull", name)
    assert done.code == 0 and done.err == ""
    first, *layers, digest_line, status, last = done.lines
    assert first == "v1: Pulling from featp/lines"
    assert digest_line == f"Digest: {digest}"
    assert status == f"Status: Downloaded newer image for {name}"
    assert last == name
    told = [re.sub("^[0-9a-f]{12}: ", "", line) for line in layers]
    assert [line for line in told if line != "Verifying Checksum"] == [
        "Already exists",
        "Pulling fs layer",
        "Download complete",
        "Pull complete",
    ]


def test_the_second_pull_has_nothing_to_do(docker: Client, plain: Registry, publish) -> None:
    name = f"{plain.host}/featp/again"
    digest = publish("fixture-user:1", name)
    assert docker.ok("pull", name).splitlines() == [
        "Using default tag: latest",
        "latest: Pulling from featp/again",
        f"Digest: {digest}",
        f"Status: Image is up to date for {name}:latest",
        f"{name}:latest",
    ]
    assert docker.ok("pull", "-q", name) == f"{name}:latest"


def test_an_image_that_is_here_under_another_name(docker: Client, plain: Registry, publish) -> None:
    name = f"{plain.host}/featp/known:v1"
    digest = publish("fixture-env:1", name)
    docker.ok("rmi", name)
    assert docker.ok("pull", name).splitlines()[1:3] == [
        f"Digest: {digest}",
        f"Status: Downloaded newer image for {name}",
    ]


def test_by_digest(docker: Client, api: Api, plain: Registry, publish) -> None:
    repository = f"{plain.host}/featp/bydigest"
    digest = publish("fixture-nocmd:1", f"{repository}:v1")
    docker.ok("rmi", f"{repository}:v1")
    name = f"{repository}@{digest}"
    lines = docker.ok("pull", name).splitlines()
    assert lines == [
        f"{name}: Pulling from featp/bydigest",
        f"Digest: {digest}",
        f"Status: Downloaded newer image for {name}",
        name,
    ]
    found = api.get(f"/images/{name}/json").json()
    assert name in found["RepoDigests"]
    assert docker.ok("images", "--digests", "--format", "{{.Digest}}", repository) == digest
    docker.ok("rmi", name)


def test_all_tags(docker: Client, plain: Registry, publish) -> None:
    repository = f"{plain.host}/featp/alltags"
    publish("fixture-user:1", f"{repository}:a")
    publish("fixture-env:1", f"{repository}:b")
    docker.ok("rmi", f"{repository}:a", f"{repository}:b")
    lines = docker.ok("pull", "-a", repository).splitlines()
    assert sorted(line for line in lines if "Pulling from" in line) == [
        "a: Pulling from featp/alltags",
        "b: Pulling from featp/alltags",
    ]
    assert lines[-2:] == [f"Status: Downloaded newer image for {repository}", repository]
    assert sorted(docker.ok("images", "--format", "{{.Tag}}", repository).split()) == ["a", "b"]
    assert docker("pull", "-a", f"{repository}:a").err == "tag can't be used with --all-tags/-a\n"


def test_run_pulls_what_is_missing(docker: Client, plain: Registry, publish) -> None:
    name = f"{plain.host}/featp/torun:v1"
    publish("busybox", name)
    docker.ok("rmi", name)
    done = docker("run", "--rm", name, "echo", "hi")
    assert (done.code, done.out) == (0, "hi\n")
    assert done.err.splitlines()[:2] == [
        f"Unable to find image '{name}' locally",
        "v1: Pulling from featp/torun",
    ]
    assert done.err.splitlines()[-1] == f"Status: Downloaded newer image for {name}"
    docker.ok("rmi", name)
    assert docker("run", "--rm", "--pull=never", name, "true").code == 125


def test_an_unknown_tag_and_an_unknown_repository(docker: Client, api: Api, plain: Registry, publish) -> None:
    publish("fixture-user:1", f"{plain.host}/featp/known:here")
    for name in (f"{plain.host}/featp/known:absent", f"{plain.host}/featp/absent:latest"):
        done = docker("pull", name)
        text = f"manifest for {name} not found: manifest unknown: manifest unknown"
        assert (done.code, done.err) == (1, f"Error response from daemon: {text}\n")
        repository, _, tag = name.rpartition(":")
        reply = api.post("/images/create", fromImage=repository, tag=tag)
        assert (reply.status, reply.message) == (404, text)


def test_every_tag_of_an_unknown_repository(api: Api, plain: Registry) -> None:
    reply = api.post("/images/create", fromImage=f"{plain.host}/featp/absent")
    assert (reply.status, reply.message) == (
        404,
        f"repository {plain.host}/featp/absent not found: name unknown: "
        "repository name not known to registry",
    )


def test_nobody_listens(docker: Client, plain: Registry) -> None:
    done = docker("pull", f"{NOWHERE}/x/y:v1")
    assert (done.code, done.err) == (
        1,
        f'Error response from daemon: Get "http://{NOWHERE}/v2/": dial tcp {NOWHERE}: '
        "connect: connection refused\n",
    )


def test_a_host_that_cannot_be_reached(docker: Client, plain: Registry) -> None:
    done = docker("pull", "192.0.2.77:5000/x/y:v1")
    assert done.code == 1
    assert done.err.startswith(
        'Error response from daemon: Get "https://192.0.2.77:5000/v2/": dial tcp 192.0.2.77'
    )


def test_names_that_are_none(api: Api, plain: Registry) -> None:
    assert api.post("/images/create", fromImage="x", tag="b@d").message == "invalid tag format"
    assert api.post("/images/create", fromImage="x@sha256:123").message == "invalid reference format"
    reply = api.post("/images/create", fromImage="scratch", tag="latest")
    assert (reply.status, reply.message) == (403, "'scratch' is a reserved name")


def test_another_platform_than_the_images(docker: Client, plain: Registry, publish) -> None:
    name = f"{plain.host}/featp/platform"  # dockerd looks at the tag latest, whatever was pulled
    publish("fixture-user:1", name)
    lines = docker.ok("pull", "--platform", "linux/arm64", name).splitlines()
    assert lines[-2] == (
        f"WARNING: image with reference {plain.host}/featp/platform was found but does not match "
        "the specified platform: wanted linux/arm64, actual: linux/amd64"
    )
    done = docker("pull", "--platform", "a/b/c/d", name)
    assert "cannot parse platform specifier: invalid argument" in done.err and done.code == 1


def test_passwords(docker: Client, logged_in: Registry, publish) -> None:
    name = f"{logged_in.host}/featp/guarded:v1"
    publish("fixture-user:1", name)
    docker.ok("rmi", name)
    docker.ok("pull", name)
    docker.ok("logout", logged_in.host)
    done = docker("pull", name)
    assert (done.code, done.err) == (
        1,
        f'Error response from daemon: Head "http://{logged_in.host}/v2/featp/guarded/manifests/v1": '
        "no basic auth credentials\n",
    )


def test_an_authority_that_nobody_knows_until_it_is_installed(
    docker: Client, secured: Trust, publish
) -> None:
    host = secured.registry.host
    name = f"{host}/featp/tls:v1"
    docker.ok("tag", "fixture-user:1", name)
    text = f'Get "https://{host}/v2/": x509: certificate signed by unknown authority'
    done = docker("pull", name)
    assert (done.code, done.err) == (1, f"Error response from daemon: {text}\n")
    assert docker("push", name).err == text + "\n"
    secured.installed.parent.mkdir(parents=True, exist_ok=True)
    secured.installed.write_bytes(secured.authority.read_bytes())
    publish("fixture-user:1", name)
    docker.ok("rmi", name)
    docker.ok("pull", name)


def test_messages_of_the_api(api: Api, plain: Registry, publish) -> None:
    repository = f"{plain.host}/featp/messages"
    publish("fixture-health:1", f"{repository}:v1")
    reply = api.post("/images/create", fromImage=repository, tag="v1")
    assert reply.status == 200 and reply.headers["content-type"] == "application/json"
    first, *_, last = reply.lines()
    assert first == {"status": "Pulling from featp/messages", "id": "v1"}
    assert last == {"status": f"Status: Image is up to date for {repository}:v1"}


def test_the_events_of_a_pull_and_a_push(docker: Client, api: Api, plain: Registry) -> None:
    repository = f"{plain.host}/featp/event"
    docker.ok("tag", "fixture-expose:1", f"{repository}:v1")
    docker.ok("push", f"{repository}:v1")
    docker.ok("pull", f"{repository}:v1")
    seen = [
        (event["Action"], event["Actor"]["ID"], event["Actor"]["Attributes"]["name"])
        for event in past_events(api, event=["pull", "push"])
        if event["Actor"]["ID"].startswith(repository)
    ]
    assert seen == [("push", f"{repository}:v1", repository), ("pull", f"{repository}:v1", repository)]
