"""docker tag (A4.11, A7 tag, A4.15)."""

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api


def test_silent(docker: Client, name: str) -> None:
    """A4.11."""
    assert docker("tag", "busybox", f"{name}:1.0") == (0, "", "")
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1.0") == docker.ok(
        "inspect", "-f", "{{.Id}}", "busybox"
    )


def test_moves(docker: Client, name: str) -> None:
    """A7 tag: an existing name moves to the other image."""
    docker.ok("tag", "busybox", f"{name}:1")
    docker.ok("tag", "fixture-user:1", f"{name}:1")
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1") == docker.ok(
        "inspect", "-f", "{{.Id}}", "fixture-user:1"
    )


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("plain", "plain:latest"),
        ("user/plain", "user/plain:latest"),
        ("docker.io/library/plain:1", "plain:1"),
        ("docker.io/user/plain:1", "user/plain:1"),
        ("index.docker.io/plain:1", "plain:1"),
        ("registry.example:5000/a/b/c:v1.2_3-x", "registry.example:5000/a/b/c:v1.2_3-x"),
        ("localhost/plain", "localhost/plain:latest"),
        ("a__b/c-d.e", "a__b/c-d.e:latest"),
    ],
)
def test_names(docker: Client, api: Api, given: str, stored: str) -> None:
    """A4.15: the name's anatomy: domain, path, tag; ``latest`` and Docker Hub are defaults."""
    docker.ok("tag", "busybox", given)
    assert stored in api.get("/images/busybox/json").json()["RepoTags"]
    assert docker("inspect", "--type", "image", given).code == 0


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("UP", "invalid reference format: repository name (library/UP) must be lowercase"),
        ("SvenDowideit/testimage:version3", "must be lowercase"),
        ("a b", "invalid reference format"),
        ("a:", "invalid reference format"),
        (":a", "invalid reference format"),
        ("a:" + "t" * 129, "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("-a/b", "invalid reference format"),
        ("f" * 64, "cannot specify 64-byte hexadecimal strings"),
    ],
)
def test_bad_names(docker: Client, bad: str, complaint: str) -> None:
    """Bad input, A4.10: the client's words."""
    result = docker("tag", "--", "busybox", bad)
    assert result.code == 1
    assert complaint in result.err


@pytest.mark.parametrize(("repo", "tag"), [("UP", "x"), ("ok", ".."), ("a b", "x"), ("", "x")])
def test_bad_names_by_the_api(api: Api, engine: Engine, repo: str, tag: str) -> None:
    """Bad input: the engine looks too."""
    reply = api.post("/images/busybox/tag", repo=repo, tag=tag)
    assert reply.status == expect(engine, dockerd=500, berthd=400)
    assert "invalid" in reply.message or "repository name must have at least one component" in reply.message


def test_unknown(docker: Client) -> None:
    """A7 tag."""
    assert docker("tag", "no-such", "other") == (
        1,
        "",
        "Error response from daemon: No such image: no-such:latest\n",
    )
