"""Builds that are cut off: by their client, by cancel, by the end of the daemon."""

import contextlib
import http.client
import threading
from typing import Any

import pytest

from tests.support.building import build, context
from tests.support.engines import OwnEngine
from tests.support.http import Api, open_unix
from tests.support.waiting import wait_until

SLOW = "FROM busybox\nRUN echo made >/first\nRUN touch /begun; sleep 300\n"


def containers(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/containers/json", all=True).json()
    return found


def sleeping(api: Api) -> bool:
    return any("sleep 300" in row["Command"] and row["State"] == "running" for row in containers(api))


def begin(api: Api, query: str = "") -> Any:
    """Send a build and do not wait for its end; the connection."""
    body = context(SLOW)
    sock = open_unix(api.path)
    head = f"POST /build?rm=1&nocache=1{query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\n"
    sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return sock


def test_client_goes_away(api: Api) -> None:
    """A build ends with its client, and its container goes."""
    before = len(containers(api))
    with begin(api):
        wait_until(lambda: sleeping(api), "the step runs", timeout=30)
    wait_until(lambda: len(containers(api)) == before, "its container is gone", timeout=30)


def test_container_of_a_step_is_seen(api: Api) -> None:
    """ps shows what a build runs, and stats, top and exec know it."""
    with begin(api):
        wait_until(lambda: sleeping(api), "the step runs", timeout=30)
        row = next(row for row in containers(api) if "sleep 300" in row["Command"])
        assert api.get(f"/containers/{row['Id']}/top").status == 200
    wait_until(lambda: not sleeping(api), "it is over", timeout=30)


@pytest.mark.usefixtures("beyond")
def test_cancel(api: Api) -> None:
    """``/build/cancel`` by the id that the client chose."""
    before = len(containers(api))
    with begin(api, "&buildid=mine") as sock:
        wait_until(lambda: sleeping(api), "the step runs", timeout=30)
        assert api.post("/build/cancel", id="mine").status == 200
        with sock.makefile("rb") as answer:
            text = answer.read1(1 << 20)
            while b"context canceled" not in text and (more := answer.read1(1 << 20)):
                text += more
    assert b"context canceled" in text
    wait_until(lambda: len(containers(api)) == before, "its container is gone", timeout=30)


@pytest.mark.usefixtures("beyond")
def test_killed_container_fails_the_step(api: Api) -> None:
    """Somebody ends the container of a step: the step fails with the signal's code."""
    with begin(api) as sock:
        wait_until(lambda: sleeping(api), "the step runs", timeout=30)
        row = next(row for row in containers(api) if "sleep 300" in row["Command"])
        assert api.post(f"/containers/{row['Id']}/kill").status == 204
        with sock.makefile("rb") as answer:
            text = answer.read1(1 << 20)
            while b"returned a non-zero code: 137" not in text and (more := answer.read1(1 << 20)):
                text += more
    assert b"returned a non-zero code: 137" in text


@pytest.mark.usefixtures("beyond")
def test_daemon_dies(own_engine: OwnEngine) -> None:
    """kill -9 in the middle of a step: nothing of it is left, and what was done before is still known."""
    api = own_engine.api

    def run() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            build(api, SLOW)

    client = threading.Thread(target=run)
    client.start()
    wait_until(lambda: sleeping(api), "the step runs", timeout=30)
    own_engine.kill()
    client.join()
    own_engine.start()
    assert containers(api) == []
    done = build(api, SLOW.replace("sleep 300", "true"))
    assert "Step 2/3 : RUN echo made >/first\n ---> Using cache\n" in done.text
    assert "Step 3/3 : RUN touch /begun; true\n ---> Running in" in done.text
    own_engine.stop()
    assert not own_engine.leftovers()
