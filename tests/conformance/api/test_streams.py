"""Streams of attach, exec and logs at the level of bytes (C2)."""

import http.client
import json

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api, Taken, frames, open_unix, split_streams

CAT = ["sh", "-c", "echo err >&2; cat; echo end"]


def exec_id(api: Api, container: str, cmd: list[str], *, tty: bool = False) -> str:
    body = {"Cmd": cmd, "AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": tty}
    return api.post(f"/containers/{container}/exec", body).json()["Id"]


def started(api: Api, docker: Client, name: str, *, tty: bool) -> Taken:
    """An attached container that answers each line; attached before it runs, so that nothing is missed."""
    docker.ok("create", "-i", *(["-t"] if tty else []), "--name", name, "busybox", *CAT)
    taken = api.take("POST", f"/containers/{name}/attach", stream=1, stdin=1, stdout=1, stderr=1)
    docker.ok("start", name)
    return taken


def test_frames_without_a_terminal(api: Api, docker: Client, name: str) -> None:
    """C2: eight bytes of head and the payload; stream 1 and 2."""
    taken = started(api, docker, name, tty=False)
    taken.sock.sendall(b"one\n")
    taken.half_close()
    data = taken.read_all()
    assert split_streams(data) == {"stdout": b"one\nend\n", "stderr": b"err\n"}
    assert all(payload for _, payload in frames(data))


def test_raw_with_a_terminal(api: Api, docker: Client, name: str) -> None:
    """C2: no frames, CR LF, echo."""
    taken = started(api, docker, name, tty=True)
    taken.sock.sendall(b"one\n\x04")
    data = taken.read_all()
    assert data.replace(b"^D\x08\x08", b"") == b"one\r\nerr\r\none\r\nend\r\n" or sorted(
        data.replace(b"^D\x08\x08", b"").split()
    ) == [b"end", b"err", b"one", b"one"]


def test_half_close_is_the_end_of_input(api: Api, docker: Client, name: str) -> None:
    """C2: the container reads its end of input while output goes on."""
    taken = started(api, docker, name, tty=False)
    taken.half_close()
    assert split_streams(taken.read_all())["stdout"] == b"end\n"
    assert docker.ok("wait", name) == "0"


def test_upgrade(api: Api, docker: Client, name: str, engine: Engine) -> None:
    """C2: with Upgrade: 101 and the content type; since 1.42 it tells frames from raw."""
    taken = started(api, docker, name, tty=False)
    assert taken.status == 101
    assert taken.headers["upgrade"] == "tcp"
    assert taken.headers["connection"] == "Upgrade"
    assert taken.headers["content-type"] == expect(
        engine,
        dockerd="application/vnd.docker.raw-stream",
        berthd="application/vnd.docker.multiplexed-stream",
    )


def test_without_upgrade(api: Api, docker: Client, name: str) -> None:
    """C2: the old way: 200, then raw bytes both ways on the same connection."""
    docker.ok("create", "-i", "--name", name, "busybox", *CAT)
    taken = api.take(
        "POST", f"/containers/{name}/attach", upgrade=False, stream=1, stdin=1, stdout=1, stderr=1
    )
    assert taken.status == 200
    assert "transfer-encoding" not in taken.headers
    assert taken.headers["content-type"].startswith("application/vnd.docker.")
    docker.ok("start", name)
    taken.sock.sendall(b"old\n")
    taken.half_close()
    assert split_streams(taken.read_all()) == {"stdout": b"old\nend\n", "stderr": b"err\n"}


@pytest.mark.parametrize("upgrade", [True, False])
def test_exec_start(api: Api, docker: Client, name: str, upgrade: bool) -> None:
    """C2: exec in both ways."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    taken = api.take(
        "POST", f"/exec/{exec_id(api, name, CAT)}/start", json_body={"Tty": False}, upgrade=upgrade
    )
    assert taken.status == (101 if upgrade else 200)
    taken.sock.sendall(b"x\n")
    taken.half_close()
    assert split_streams(taken.read_all()) == {"stdout": b"x\nend\n", "stderr": b"err\n"}


def test_exec_with_a_terminal(api: Api, docker: Client, name: str) -> None:
    """C2: raw; resize reaches it."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    one = exec_id(api, name, ["sh"], tty=True)
    taken = api.take("POST", f"/exec/{one}/start", json_body={"Tty": True})
    assert api.post(f"/exec/{one}/resize", h=44, w=133).status in (200, 201)
    taken.sock.sendall(b"while ! stty size | grep '44 133'; do usleep 10000; done; exit 3\r")
    assert b"44 133\r\n" in taken.read_all()


def test_early_bytes_are_not_lost(api: Api, docker: Client, name: str, engine: Engine) -> None:
    """C2: input sent in the same packet as the request is input."""
    if engine.is_dockerd:
        pytest.skip("dockerd drops what came with the request (net/http's buffer is not handed on)")
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    one = exec_id(api, name, ["head", "-n", "1"])
    body = json.dumps({"Tty": False}).encode()
    request = (
        f"POST /exec/{one}/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    data = api.raw(request + body + b"early\n")
    assert split_streams(data.partition(b"\r\n\r\n")[2]) == {"stdout": b"early\n"}


def test_one_stream_of_exec(api: Api, docker: Client, name: str) -> None:
    """C2: only what was asked to be attached."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    body = {"Cmd": ["sh", "-c", "echo out; echo err >&2"], "AttachStdout": True}
    one = api.post(f"/containers/{name}/exec", body).json()["Id"]
    assert split_streams(api.take("POST", f"/exec/{one}/start", json_body={}).read_all()) == {
        "stdout": b"out\n"
    }


def test_detached_exec(api: Api, docker: Client, name: str) -> None:
    """C2: an answer at once and an empty body."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    one = api.post(f"/containers/{name}/exec", {"Cmd": ["true"]}).json()["Id"]
    reply = api.post(f"/exec/{one}/start", {"Detach": True})
    assert (reply.status, reply.body) == (200, b"")


def test_slow_reader_loses_nothing(api: Api, docker: Client, name: str) -> None:
    """C2: 4 MB wait for a reader who starts late."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    one = exec_id(api, name, ["sh", "-c", "yes 0123456789abcde | head -c 4000000; echo x > /done"])
    taken = api.take("POST", f"/exec/{one}/start", json_body={})
    docker.ok("exec", name, "true")
    assert len(split_streams(taken.read_all())["stdout"]) == 4_000_000


def test_a_reader_that_leaves_does_not_stop_the_process(api: Api, docker: Client, name: str) -> None:
    """A1.23: an attached client that closes its connection changes nothing for the container."""
    script = "while :; do echo tick; usleep 5000; done"
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", script)
    for _ in range(3):
        taken = api.take("POST", f"/containers/{name}/attach", stream=1, stdout=1)
        taken.read_until(b"tick\n")
        taken.close()
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"
    with docker.piped("logs", "-f", "-n", "0", name) as session:
        session.expect("tick\n")


def test_logs_content_type(api: Api, docker: Client, name: str, engine: Engine) -> None:
    """C2: logs name their form since 1.42."""
    docker.ok("run", "--name", name, "busybox", "echo", "x")
    kind = api.get(f"/containers/{name}/logs", stdout=1).headers.get("content-type")
    assert kind == expect(engine, dockerd=kind, berthd="application/vnd.docker.multiplexed-stream")


def test_old_versions_keep_their_content_type(api: Api, docker: Client, name: str) -> None:
    """C1: below 1.42 attach says raw-stream for both forms."""
    docker.ok("create", "-i", "--name", name, "busybox", *CAT)
    taken = api.at("1.41").take("POST", f"/containers/{name}/attach", stream=1, stdout=1)
    assert taken.headers["content-type"] == "application/vnd.docker.raw-stream"


def test_follow_is_chunked_and_live(api: Api, docker: Client, name: str) -> None:
    """C2: a followed log arrives line by line, not when a buffer is full."""
    docker.ok("run", "-di", "--name", name, "busybox", "sh", "-c", "echo first; cat")
    taken = api.take("GET", f"/containers/{name}/logs", upgrade=False, follow=1, stdout=1)
    assert taken.status == 200
    taken.read_until(b"first\n")


def test_keep_alive(engine: Engine) -> None:
    """C2: several requests on one connection, also after a refusal."""
    with open_unix(engine.socket) as sock:
        for path, status in (
            ("/_ping", 200),
            ("/no/such", 404),
            ("/containers/no-such/json", 404),
            ("/_ping", 200),
        ):
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            response = http.client.HTTPResponse(sock)
            response.begin()
            response.read()
            assert response.status == status
            response.close()


def test_attach_to_nothing(api: Api) -> None:
    """Bad input: a plain 404 with a message even when an upgrade was asked for."""
    taken = api.take("POST", "/containers/no-such/attach", stream=1, stdout=1)
    assert taken.status == 404
    assert b"No such container: no-such" in taken.early


def test_bad_detach_keys(api: Api, docker: Client, name: str) -> None:
    """Bad input: 400 and the keys."""
    docker.ok("create", "--name", name, "busybox")
    reply = api.post(f"/containers/{name}/attach", stream=1, detachKeys="bad-x")
    assert reply.status == 400
    assert b"nvalid detach keys (bad-x) provided" in reply.body


def test_resize(api: Api, docker: Client, name: str) -> None:
    """C2: of a container; numbers are checked."""
    docker.ok("run", "-dit", "--name", name, "busybox")
    assert api.post(f"/containers/{name}/resize", h=40, w=120).status == 200
    assert api.post(f"/containers/{name}/resize", h="x", w=1).status == 400
    assert api.post("/containers/no-such/resize", h=1, w=1).status == 404


@pytest.mark.parametrize("asks", [False, True])
def test_the_exit_code_at_the_end_of_an_exec(
    api: Api, docker: Client, name: str, engine: Engine, asks: bool
) -> None:
    """C2: nobody gets a frame that Docker does not have, except who asks for it (berth's own client)."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "100")
    command = ["sh", "-c", "echo out; exit 42"]
    body = {"AttachStdout": True, "AttachStderr": True, "Cmd": command}
    one = api.post(f"/containers/{name}/exec", body).json()["Id"]
    wish = "Berth-Exit-Code: frame\r\n" if asks else ""
    request = (
        f"POST /exec/{one}/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n{wish}"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    _, _, stream = api.raw(request.encode()).partition(b"\r\n\r\n")
    told = b"\x04\0\0\0\0\0\0\x0242" if asks else b""
    assert stream == b"\x01\0\0\0\0\0\0\x04out\n" + expect(engine, dockerd=b"", berthd=told)
    assert api.get(f"/exec/{one}/json").json()["ExitCode"] == 42
