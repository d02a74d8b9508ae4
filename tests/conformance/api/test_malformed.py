"""Requests that are broken: answered with a code and one message, and nothing half-made stays (issue: bad
input)."""

import json
import socket
from typing import Any

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api, open_unix

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def nothing_made(api: Api):
    """The list of containers is the same afterwards."""
    before = {row["Id"] for row in api.get("/containers/json", all=True).json()}
    yield
    assert {row["Id"] for row in api.get("/containers/json", all=True).json()} == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"Image":', b"[]", b'"text"', b"\xff\xfe", b'{"Image":5}', b'{"Cmd":{"a":1}}']
)
def test_bad_json(api: Api, engine: Engine, nothing_made: None, body: bytes) -> None:
    """Bad JSON: 400 in newer Docker, 500 in 20.10, always with a message."""
    reply = api.request("POST", "/containers/create", body=body, headers=JSON)
    assert reply.status == expect(engine, dockerd=500, berthd=400)
    assert reply.message


def test_deep_json(api: Api, nothing_made: None) -> None:
    """Hostile JSON: very deep nesting is refused and the engine lives."""
    body = b'{"Image":"busybox","X":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    assert api.request("POST", "/containers/create", body=body, headers=JSON).status in (400, 500)
    assert api.get("/_ping").status == 200


@pytest.mark.parametrize("body", [b"{}", b"null"])
def test_nothing_to_create(api: Api, nothing_made: None, body: bytes, engine: Engine) -> None:
    """Bad input: neither image nor command."""
    reply = api.request("POST", "/containers/create", body=body, headers=JSON)
    assert reply.status == 400
    wanted = expect(
        engine,
        dockerd="Config cannot be empty in order to create a container",
        berthd="onfig cannot be empty in order to create a container",
    )
    assert wanted in reply.message


def test_wrong_content_type(api: Api, nothing_made: None) -> None:
    """Bad input: bodies are JSON."""
    reply = api.request("POST", "/containers/create", body=b"{}", headers={"Content-Type": "text/plain"})
    assert reply.status == 400
    assert "must be 'application/json'" in reply.message


CREATE: list[tuple[dict[str, Any], int, str]] = [
    ({"Image": "no-such-image"}, 404, "No such image: no-such-image"),
    ({"Image": "UPPER"}, 400, "must be lowercase"),
    ({"Env": ["=x"]}, 400, "invalid environment variable: =x"),
    ({"StopSignal": "x"}, 400, "nvalid signal: x"),
    (
        {"WorkingDir": "relative"},
        400,
        "the working directory 'relative' is invalid, it needs to be an absolute path",
    ),
    ({"Healthcheck": {"Interval": 1}}, 400, "nterval in Healthcheck cannot be less than 1ms"),
    ({"Healthcheck": {"Retries": -1}}, 400, "etries in Healthcheck cannot be negative"),
    ({"HostConfig": {"PortBindings": {"abc": []}}}, 400, 'nvalid port specification: "abc"'),
    (
        {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "x"}]}}},
        400,
        'nvalid port specification: "x"',
    ),
    (
        {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "99999"}]}}},
        400,
        'nvalid port specification: "99999"',
    ),
    ({"HostConfig": {"RestartPolicy": {"Name": "nope"}}}, 400, "invalid restart policy"),
    (
        {"HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}}},
        400,
        "aximum retry count",
    ),
    ({"HostConfig": {"AutoRemove": True, "RestartPolicy": {"Name": "always"}}}, 400, "AutoRemove"),
    ({"HostConfig": {"Memory": 1024}}, 400, "inimum memory limit allowed is 6MB"),
    ({"HostConfig": {"Memory": -5}}, 400, ""),
    ({"HostConfig": {"NanoCpus": 10**12}}, 400, "ange of CPUs is from 0.01 to "),
    ({"HostConfig": {"CpusetCpus": "99"}}, 400, "equested CPUs are not available"),
    ({"HostConfig": {"CapAdd": ["NOPE"]}}, 400, 'unknown capability: "CAP_NOPE"'),
    ({"HostConfig": {"Binds": ["/a:rel"]}}, 400, "mount path must be absolute"),
    ({"HostConfig": {"Binds": ["/a:/b:nope"]}}, 400, "invalid mode: nope"),
    ({"HostConfig": {"Binds": ["rel/x:/y"]}}, 400, "includes invalid characters for a local volume name"),
    (
        {"HostConfig": {"Mounts": [{"Type": "bind", "Source": "/no-such", "Target": "/x"}]}},
        400,
        "bind source path does not exist: /no-such",
    ),
    ({"HostConfig": {"Mounts": [{"Type": "nope", "Target": "/x"}]}}, 400, "mount type unknown"),
    ({"HostConfig": {"Mounts": [{"Type": "volume", "Target": ""}]}}, 400, "field Target must not be empty"),
    ({"HostConfig": {"Tmpfs": {"rel": ""}}}, 400, "mount path must be absolute"),
    ({"HostConfig": {"ShmSize": -1}}, 400, "SHM size can not be less than 0"),
    (
        {"HostConfig": {"OomScoreAdj": 5000}},
        400,
        "nvalid value 5000, range for oom score adj is [-1000, 1000]",
    ),
    ({"HostConfig": {"ExtraHosts": ["bad"]}}, 400, 'bad format for add-host: "bad"'),
    (
        {"HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"nope": "1"}}}},
        400,
        "unknown log opt 'nope'",
    ),
    ({"HostConfig": {"LogConfig": {"Type": "nope"}}}, 400, "error looking up logging plugin nope"),
    ({"HostConfig": {"Isolation": "x"}}, 400, "linux only supports 'default'"),
    ({"HostConfig": {"VolumesFrom": ["no-such"]}}, 400, "No such container: no-such"),
    ({"HostConfig": {"Runtime": "no-such"}}, 400, "untime"),
]


@pytest.mark.parametrize(
    ("body", "status", "complaint"), CREATE, ids=[json.dumps(row[0])[:60] for row in CREATE]
)
def test_create(
    api: Api, engine: Engine, nothing_made: None, body: dict[str, Any], status: int, complaint: str
) -> None:
    """Bad input: what create refuses, in words; 20.10 answers some of it with 500."""
    reply = api.post("/containers/create", {"Image": "busybox", **body})
    assert reply.status == status or (engine.is_dockerd and reply.status == 500)
    assert complaint in reply.message


@pytest.mark.parametrize(
    ("host", "complaint"),
    [({"IpcMode": "nope"}, "nvalid IPC mode: nope"), ({"PidMode": "container:"}, "nvalid PID mode")],
)
def test_modes(api: Api, engine: Engine, host: dict[str, str], complaint: str) -> None:
    """Bad input: modes that 20.10 looks at only when it starts."""
    reply = api.post("/containers/create", {"Image": "busybox", "HostConfig": host})
    assert reply.status == expect(engine, dockerd=201, berthd=400)
    if not engine.is_dockerd:
        assert complaint in reply.message


@pytest.mark.parametrize("bad", ["a", "a/b", "../x", "-x", "a b", "ü9"])
def test_names(api: Api, nothing_made: None, bad: str) -> None:
    """Bad input: names; nothing is made."""
    reply = api.post("/containers/create", {"Image": "busybox"}, name=bad)
    assert reply.status == 400
    assert reply.message == f"Invalid container name ({bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"


def test_taken_name(api: Api, name: str) -> None:
    """A1.9: 409."""
    holder = api.post("/containers/create", {"Image": "busybox"}, name=name).json()["Id"]
    reply = api.post("/containers/create", {"Image": "busybox"}, name=name)
    assert reply.status == 409
    assert f'is already in use by container "{holder}"' in reply.message


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/containers/no-such/json"),
        ("POST", "/containers/no-such/start"),
        ("POST", "/containers/no-such/stop"),
        ("POST", "/containers/no-such/restart"),
        ("POST", "/containers/no-such/kill"),
        ("POST", "/containers/no-such/pause"),
        ("POST", "/containers/no-such/unpause"),
        ("POST", "/containers/no-such/wait"),
        ("DELETE", "/containers/no-such"),
        ("GET", "/containers/no-such/top"),
        ("GET", "/containers/no-such/logs?stdout=1"),
        ("GET", "/containers/no-such/export"),
        ("GET", "/containers/no-such/changes"),
        ("GET", "/containers/no-such/stats?stream=0"),
        ("POST", "/containers/no-such/rename?name=other"),
        ("POST", "/containers/no-such/update"),
        ("POST", "/containers/no-such/exec"),
        ("GET", "/exec/no-such/json"),
        ("POST", "/exec/no-such/start"),
        ("GET", "/images/no-such/json"),
        ("GET", "/images/no-such/history"),
        ("DELETE", "/images/no-such"),
        ("POST", "/images/no-such/tag?repo=x&tag=y"),
        ("GET", "/images/no-such/get"),
        ("GET", "/volumes/no-such"),
        ("DELETE", "/volumes/no-such"),
    ],
)
def test_unknown_objects(api: Api, method: str, path: str) -> None:
    """Bad input: 404 with a message that names what was asked for."""
    body = {"Cmd": ["true"]} if method == "POST" and not path.endswith(("/start", "/wait")) else None
    body = {} if path.startswith("/exec/") and method == "POST" else body
    reply = api.request(method, path, json_body=body)
    assert reply.status == 404
    assert "no-such" in reply.message
    assert "no such" in reply.message.lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/containers/json?filters=bad", 400),
        ("/containers/json?limit=x", 400),
        ("/images/json?filters=bad", 400),
        ("/events?since=x", 400),
        ("/containers/json?filters=[]", 400),
        ('/containers/json?filters={"nope":["1"]}', 400),
        ('/images/json?filters={"nope":["1"]}', 400),
        ('/volumes?filters={"nope":["1"]}', 400),
    ],
)
def test_bad_queries(api: Api, engine: Engine, path: str, status: int) -> None:
    """Bad input: numbers, times and filters; 20.10 answers some with 500."""
    reply = api.get(path.replace('"', "%22").replace("{", "%7B").replace("}", "%7D"))
    assert reply.status == status or (engine.is_dockerd and reply.status == 500)
    assert reply.message


def test_bad_stop_time(api: Api, docker: Client, name: str, engine: Engine) -> None:
    """Bad input: ``t=x``; the container goes on."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    assert api.post(f"/containers/{name}/stop", t="x").status == expect(engine, dockerd=500, berthd=400)
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /_ping HTTP/9.9\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: nope\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 3_000_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n",
    ],
    ids=[
        "nonsense",
        "no-path",
        "version",
        "length-word",
        "length-negative",
        "header-name",
        "header-huge",
        "tls",
    ],
)
def test_broken_http(api: Api, request_bytes: bytes) -> None:
    """Hostile bytes: an error or a closed connection, and the next request is served."""
    try:
        answer = api.raw(request_bytes)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    assert answer == b"" or answer.split()[1][:1] in (b"4", b"5")
    assert api.get("/_ping").status == 200


def test_cut_off_body(api: Api, nothing_made: None) -> None:
    """Hostile bytes: a body shorter than announced makes nothing."""
    with open_unix(api.path) as sock:
        sock.sendall(
            b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: "
            b"application/json\r\nContent-Length: 900\r\n\r\n"
        )
        sock.sendall(b'{"Image":"busybox"')
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    assert api.get("/_ping").status == 200


def test_many_silent_connections(api: Api) -> None:
    """Hostile clients: connections that say nothing keep nobody else waiting."""
    silent = [open_unix(api.path) for _ in range(200)]
    try:
        assert api.get("/_ping").status == 200
    finally:
        for sock in silent:
            sock.close()


def test_volume_names(api: Api) -> None:
    """Bad input: names of volumes."""
    reply = api.post("/volumes/create", {"Name": "a/b"})
    assert reply.status == 400
    assert (
        'includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed'
        in reply.message
    )
