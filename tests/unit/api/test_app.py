"""The handler from request to answer, on routes that need no engine."""

import asyncio
import json
from typing import Any, cast

import pytest

from berth.api import versions
from berth.api.app import make_handler
from berth.api.errors import error_response, status_of
from berth.base import errors
from berth.base.caller import Caller
from berth.engine.engine import Engine
from berth.server.body import RequestBody
from berth.server.message import Answer, Request, Response


def ask(method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """One request to the API of an engine that must not be touched."""

    async def main() -> Answer:
        stream = RequestBody(begin=lambda: None, resume=lambda: None)
        if body:
            stream.feed(body)
        stream.finish()
        handler = make_handler(cast(Engine, None))
        return await handler(Request(method, target, headers or {}, stream, Caller()))

    return asyncio.run(main())


def message(answer: Answer) -> str:
    assert isinstance(answer, Response)
    assert ("Content-Type", "application/json") in answer.headers
    return str(json.loads(answer.body)["message"])


@pytest.mark.parametrize("path", ["/_ping", "/v1.24/_ping", "/v1.55/_ping"])
def test_ping(path):
    answer = ask("GET", path)
    assert isinstance(answer, Response)
    headers = dict(answer.headers)
    assert (answer.status, answer.body) == (200, b"OK")
    assert headers["Api-Version"] == versions.text(versions.NEWEST)
    assert headers["Ostype"] == "linux"
    assert headers["Docker-Experimental"] == "false"
    assert headers["Swarm"] == "inactive"
    assert headers["Server"].startswith("Berth/")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_head_ping_has_no_body():
    answer = ask("HEAD", "/_ping")
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/nope", 404, "page not found"),
        ("GET", "/v1.40/nope", 404, "page not found"),
        ("POST", "/_ping", 404, "page not found"),
        ("GET", "/v1.99/info", 400, "client version 1.99 is too new. Maximum supported API version is 1.55"),
        (
            "GET",
            "/v1.12/info",
            400,
            "client version 1.12 is too old. Minimum supported API version is 1.24, "
            "please upgrade your client to a newer version",
        ),
        ("GET", "/v1.24/system/df", 404, "page not found"),
        ("POST", "/swarm/leave", 503, "This node is not part of a swarm"),
        ("POST", "/containers/create", 400, "invalid JSON: got EOF while reading request body"),
        ("POST", "/containers/c/wait?condition=zz", 400, 'invalid condition: "zz"'),
        ("POST", "/containers/c/stop?t=x", 400, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("POST", "/containers/c/resize?h=x&w=1", 400, 'invalid resize height "x": invalid syntax'),
        ("POST", "/containers/c/resize?h=1&w=-1", 400, 'invalid resize width "-1": value out of range'),
        ("GET", "/containers/c/logs", 400, "Bad parameters: you must choose at least one stream"),
        ("POST", "/containers/c/exec", 400, "No exec command specified"),
        ("GET", "/containers/json?filters=x", 400, "invalid filter: 'x' is not JSON"),
        ("GET", "/containers/json?filters={%22a%22:[]}", 400, "invalid filter 'a'"),
        ("GET", "/events?since=5&until=4", 400, "`since` time (5) cannot be after `until` time (4)"),
        ("GET", "/system/df?type=x", 400, "unknown object type: x"),
        ("GET", "/images/get", 400, "no image is named: pass at least one names=IMAGE"),
        ("DELETE", "/images/%20", 400, "image name cannot be blank"),
        ("POST", "/images/create?fromImage=a b", 400, "invalid reference format"),
        ("POST", "/images/create?fromImage=scratch", 403, "'scratch' is a reserved name"),
    ],
)  # fmt: skip
def test_refusals(method, path, status, text):
    answer = ask(method, path)
    assert isinstance(answer, Response)
    assert answer.status == status
    assert message(answer) == text
    assert ("Api-Version", "1.55") in answer.headers


@pytest.mark.parametrize("path", ["/swarm", "/services", "/nodes/x", "/tasks", "/secrets", "/configs/a/b"])
def test_what_needs_a_swarm(path):
    answer = ask("GET", path)
    assert isinstance(answer, Response)
    assert answer.status == 503
    assert message(answer).startswith("This node is not a swarm manager. ")


def test_no_plugins():
    answer = ask("GET", "/plugins")
    assert isinstance(answer, Response)
    assert answer.body == b"[]\n"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (None, "malformed Content-Type header (): mime: no media type"),
        ("text/plain", "unsupported Content-Type header (text/plain): must be 'application/json'"),
    ],
)
def test_body_must_say_that_it_is_json(kind, text):
    answer = ask("POST", "/containers/create", b"{}", {"content-type": kind} if kind else {})
    assert message(answer) == text


def test_body_with_a_charset_is_json():
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = ask("POST", "/containers/create", b"{}", headers)
    assert message(answer) == "config cannot be empty in order to create a container"


def test_unforeseen_failure_has_an_id_and_no_traceback(caplog):
    """The engine is not there, so a verb that needs it fails in a way that nobody foresaw."""
    answer = ask("GET", "/containers/json")
    assert isinstance(answer, Response)
    assert answer.status == 500
    text = message(answer)
    assert text.startswith("unexpected internal error ")
    mark = text.split()[3].rstrip(":")
    assert mark in caplog.text
    assert "Traceback" in caplog.text
    assert "Traceback" not in text
    assert "NoneType" not in text


def test_every_kind_of_error_has_a_status():
    kinds: list[Any] = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    for kind in kinds:
        if issubclass(kind, errors.BerthError) and kind is not errors.BerthError:
            assert status_of(kind("x")) in range(300, 600)


def test_not_modified_has_no_body():
    answer = error_response(errors.NotModified("already so"))
    assert (answer.status, answer.body, answer.headers) == (304, b"", [])


def test_hint_is_beside_the_message():
    answer = error_response(errors.Conflict("no", hint="do this"))
    assert json.loads(answer.body) == {"message": "no", "hint": "do this"}
