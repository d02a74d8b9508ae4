"""Negotiation: ping, versions of paths (C1)."""

import re

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", ["", "1.24", "1.41"])
def test_headers(api: Api, engine: Engine, method: str, version: str) -> None:
    """C1: with and without a version; the headers that clients negotiate by."""
    reply = api.at(version).request(method, "/_ping")
    assert reply.status == 200
    assert re.fullmatch(r"1\.\d\d", reply.headers["api-version"])
    assert reply.headers["ostype"] == "linux"
    assert reply.headers["docker-experimental"] in ("false", "true")
    assert "server" in reply.headers
    assert reply.headers.get("builder-version") == expect(engine, dockerd=None, berthd="1")
    assert reply.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert reply.body == (b"OK" if method == "GET" else b"")


def test_too_new(api: Api) -> None:
    """C1: /v1.99 answers 400 with the newest version named."""
    newest = api.get("/_ping").headers["api-version"]
    reply = api.at("1.99").get("/info")
    assert reply.status == 400
    assert reply.message == f"client version 1.99 is too new. Maximum supported API version is {newest}"


def test_too_old(api: Api, engine: Engine) -> None:
    """C1: /v1.10 answers 400 with the oldest version named."""
    reply = api.at("1.10").get("/info")
    assert reply.status == 400
    oldest = expect(engine, dockerd="1.12", berthd="1.24")
    assert f"client version 1.10 is too old. Minimum supported API version is {oldest}" in reply.body.decode()


def test_oldest_and_newest_work(api: Api) -> None:
    """C1: all versions between the two that are announced."""
    announced = api.get("/version").json()
    for version in (announced["MinAPIVersion"], "1.24", "1.30", "1.40", announced["ApiVersion"]):
        assert api.at(version).get("/containers/json").status == 200


def test_unknown_pages(api: Api) -> None:
    """C1: 404 with a message, whatever the method."""
    assert api.get("/no/such/page").message == "page not found"
    assert api.at("1.41").get("/no/such/page").status == 404
    assert api.post("/version").status in (404, 405)


def test_client_negotiates(docker: Client, api: Api) -> None:
    """C1: the client takes the lower of the two versions."""
    mine = docker.ok("version", "--format", "{{.Client.APIVersion}}")
    theirs = api.get("/_ping").headers["api-version"]
    assert [int(part) for part in mine.split(".")] <= [int(part) for part in theirs.split(".")]


def test_client_of_another_time(docker: Client) -> None:
    """C1: an API version fixed by the user is kept to."""
    result = docker("version", "--format", "{{.Client.APIVersion}}", env={"DOCKER_API_VERSION": "1.30"})
    assert result.out == "1.30\n"
    assert docker("ps", env={"DOCKER_API_VERSION": "1.30"}).code == 0


def test_swarm_answers(api: Api) -> None:
    """C2: 503 "not a swarm manager" as Docker does."""
    for path in ("/swarm", "/nodes", "/services"):
        reply = api.get(path)
        assert reply.status == 503
        assert "This node is not a swarm manager" in reply.message
