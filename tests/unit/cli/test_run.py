"""``run``, ``create``, ``start``: what is asked of the engine in which order, and the exit codes (A1)."""

import json
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.wire.stdcopy import STDERR, STDOUT, frame
from tests.unit.cli.conftest import CONTAINER, Call, FakeDaemon, Request, take_over

C = f"/containers/{CONTAINER}"
HELP = "\n\nRun 'docker run --help' for more information\n"


class Engine:
    """The part of an engine that ``run`` needs: its container ends as soon as it was started."""

    def __init__(self, daemon: FakeDaemon) -> None:
        self.daemon = daemon
        self.output = frame(STDOUT, b"out\n") + frame(STDERR, b"err\n")
        self.status: dict[str, Any] = {"StatusCode": 0}
        self.started = threading.Event()
        self.stdin = b""
        self.echo = False
        daemon.at_close.append(self.started.set)
        daemon.on("POST /containers/create", (201, {"Id": CONTAINER, "Warnings": []}))
        daemon.on(f"POST {C}/attach", self.attach)
        daemon.on(f"POST {C}/wait", self.wait)
        daemon.on(f"POST {C}/start", self.start)

    def start(self, request: Request, sock: socket.socket) -> tuple[int, Any]:
        self.started.set()
        return 204, None

    def attach(self, request: Request, sock: socket.socket) -> None:
        take_over(sock)
        self.started.wait(10)
        if "stdin" in request.query:
            while data := sock.recv(4096):
                self.stdin += data
                if self.echo:
                    sock.sendall(frame(STDOUT, data))
        sock.sendall(self.output)

    def wait(self, request: Request, sock: socket.socket) -> None:
        body = json.dumps(self.status).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        sock.sendall(head.encode())
        self.started.wait(10)
        sock.sendall(body)


@pytest.fixture
def engine(daemon: FakeDaemon) -> Engine:
    return Engine(daemon)


def test_streams_and_code(engine: Engine, docker: Call) -> None:
    engine.status["StatusCode"] = 7
    assert tuple(docker("run", "busybox", "true")) == (7, "out\n", "err\n")
    assert engine.daemon.seen() == [
        "POST /containers/create", f"POST {C}/attach", f"POST {C}/wait", f"POST {C}/start",
    ]  # fmt: skip
    assert engine.daemon.asked(f"POST {C}/attach").query == {"stream": "1", "stdout": "1", "stderr": "1"}
    assert engine.daemon.asked(f"POST {C}/wait").query == {"condition": "next-exit"}


def test_rm_waits_for_the_removal(engine: Engine, docker: Call) -> None:
    assert docker("run", "--rm", "busybox").code == 0
    assert engine.daemon.asked("POST /containers/create").json["HostConfig"]["AutoRemove"] is True
    assert engine.daemon.asked(f"POST {C}/wait").query == {"condition": "removed"}


def test_input_is_carried_and_ended(engine: Engine, docker: Call, stdin: Callable[[bytes], None]) -> None:
    engine.echo = True
    stdin(b"typed\n" * 1000)
    result = docker("run", "-i", "busybox", "cat")
    assert engine.stdin == b"typed\n" * 1000
    assert result.out == "typed\n" * 1000 + "out\n"


def test_detached(engine: Engine, docker: Call) -> None:
    assert tuple(docker("run", "-d", "--name", "x", "busybox")) == (0, f"{CONTAINER}\n", "")
    assert engine.daemon.seen() == ["POST /containers/create", f"POST {C}/start"]
    assert engine.daemon.asked("POST /containers/create").query == {"name": "x"}
    assert tuple(docker("run", "-d", "-a", "stdout", "busybox")) == (
        1, "", "conflicting options: cannot specify both --attach and --detach\n",
    )  # fmt: skip


def test_detached_prints_the_id_even_when_the_start_fails(engine: Engine, docker: Call) -> None:
    text = "driver failed programming external connectivity: port is already allocated"
    engine.daemon.on(f"POST {C}/start", (500, {"message": text}))
    assert tuple(docker("run", "-d", "-p", "80:80", "busybox")) == (
        125, f"{CONTAINER}\n", f"docker: Error response from daemon: {text}{HELP}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('exec: "nope": executable file not found in $PATH: unknown', 127),
        ("stat /x: no such file or directory: unknown", 127),
        ('exec: "/etc/passwd": permission denied: unknown', 126),
        ('exec: "/etc": is a directory: unknown', 126),
        ("something else", 125),
    ],
)
def test_codes_of_a_start_that_failed(words: str, code: int, engine: Engine, docker: Call) -> None:
    engine.daemon.on(f"POST {C}/start", (400, {"message": words}))
    result = docker("run", "busybox", "nope")
    assert tuple(result) == (code, "", f"docker: Error response from daemon: {words}{HELP}")


def test_wait_that_fails(engine: Engine, docker: Call) -> None:
    engine.status = {"StatusCode": -1, "Error": {"Message": "lost"}}
    result = docker("run", "busybox")
    assert (result.code, result.err) == (125, "err\nError waiting for container: lost\n")


def test_create_conflict(engine: Engine, docker: Call) -> None:
    text = 'Conflict. The container name "/x" is already in use by container "y".'
    engine.daemon.on("POST /containers/create", (409, {"message": text}))
    assert tuple(docker("run", "--name", "x", "busybox")) == (
        125, "", f"docker: Error response from daemon: {text}{HELP}",
    )  # fmt: skip
    assert tuple(docker("create", "--name", "x", "busybox")) == (
        1, "", f"Error response from daemon: {text}\n",
    )  # fmt: skip


def test_no_daemon_at_all(call: Call, tmp_path: Path) -> None:
    text = f"Cannot connect to the Docker daemon at unix://{tmp_path}/x. Is the docker daemon running?"
    env = {"DOCKER_HOST": f"unix://{tmp_path}/x"}
    assert tuple(call("run", "busybox", env=env)) == (125, "", f"docker: {text}{HELP}")
    assert tuple(call("create", "busybox", env=env)) == (1, "", f"{text}\n")


def test_terminal_without_a_terminal(engine: Engine, docker: Call, stdin: Callable[[bytes], None]) -> None:
    stdin(b"")
    assert tuple(docker("run", "-it", "busybox")) == (1, "", "the input device is not a TTY\n")
    assert engine.daemon.seen() == []
    engine.output = b"raw\r\n"
    assert tuple(docker("run", "-t", "busybox")) == (0, "raw\r\n", "")


class Puller:
    """An engine that has the image only after it was pulled."""

    def __init__(self, engine: Engine, lines: list[dict[str, Any]]) -> None:
        self.there = False
        self.lines = lines
        engine.daemon.on("POST /containers/create", self.create)
        engine.daemon.on("POST /images/create", self.pull)

    def create(self, request: Request, sock: socket.socket) -> tuple[int, Any]:
        if not self.there:
            return 404, {"message": "No such image: x"}
        return 201, {"Id": CONTAINER}

    def pull(self, request: Request, sock: socket.socket) -> None:
        self.there = True
        body = b"".join(json.dumps(line).encode() + b"\r\n" for line in self.lines)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


LINES: list[dict[str, Any]] = [
    {"status": "Pulling from library/x", "id": "latest"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "aaa"},
    {"status": "Downloading", "progressDetail": {"current": 1, "total": 2}, "id": "aaa"},
    {"status": "Pull complete", "progressDetail": {}, "id": "aaa"},
    {"status": "Status: Downloaded newer image for x:latest"},
]


def test_missing_image_is_pulled(engine: Engine, docker: Call) -> None:
    Puller(engine, LINES)
    result = docker("run", "-d", "--platform", "linux/arm64", "host:5000/a/x")
    assert (result.code, result.out) == (0, f"{CONTAINER}\n")
    assert result.err == (
        "Unable to find image 'host:5000/a/x:latest' locally\nlatest: Pulling from library/x\n"
        "aaa: Pulling fs layer\naaa: Pull complete\nStatus: Downloaded newer image for x:latest\n"
    )
    request = engine.daemon.asked("POST /images/create")
    assert request.query == {"fromImage": "host:5000/a/x", "tag": "latest", "platform": "linux/arm64"}
    assert request.headers["x-registry-auth"] == "e30="


def test_stored_credentials_go_along(engine: Engine, docker: Call, tmp_path: Path) -> None:
    Puller(engine, [])
    auths = {"auths": {"https://host:5000/v2/": {"auth": "bWU6c2VjcmV0"}}}
    (tmp_path / "config.json").write_text(json.dumps(auths))
    docker("run", "-d", "-q", "host:5000/x:1", env={"DOCKER_CONFIG": str(tmp_path)})
    import base64

    header = engine.daemon.asked("POST /images/create").headers["x-registry-auth"]
    assert json.loads(base64.urlsafe_b64decode(header)) == {
        "serveraddress": "host:5000", "username": "me", "password": "secret",
    }  # fmt: skip


def test_pull_that_fails(engine: Engine, docker: Call) -> None:
    Puller(engine, [{"errorDetail": {"message": "no space"}, "error": "no space"}])
    result = docker("run", "-d", "--quiet", "x")
    assert tuple(result) == (125, "", f"docker: no space{HELP}")


def test_pull_policies(engine: Engine, docker: Call) -> None:
    Puller(engine, [])
    assert docker("run", "-d", "--pull", "never", "x").err == (
        f"docker: Error response from daemon: No such image: x{HELP}"
    )
    assert "POST /images/create" not in engine.daemon.seen()
    assert tuple(docker("run", "-d", "--pull", "always", "x")) == (0, f"{CONTAINER}\n", "")
    assert docker("run", "-d", "sha256:" + "a" * 64).code == 0


def test_ids_are_not_pulled(engine: Engine, docker: Call) -> None:
    Puller(engine, [])
    assert docker("create", "a" * 64).err == "Error response from daemon: No such image: x\n"
    assert engine.daemon.seen() == ["POST /containers/create"]


def test_cidfile(engine: Engine, docker: Call, tmp_path: Path) -> None:
    path = tmp_path / "cid"
    assert docker("run", "-d", "--cidfile", str(path), "busybox").code == 0
    assert path.read_text() == CONTAINER
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600
    assert docker("create", "--cidfile", str(path), "busybox").err == (
        f"container ID file found, make sure the other container isn't running or delete {path}\n"
    )
    engine.daemon.on("POST /containers/create", (500, {"message": "no"}))
    docker("create", "--cidfile", f"{path}2", "busybox")
    assert not Path(f"{path}2").exists()
    assert docker("create", "--cidfile", "/nonexistent/x", "busybox").err == (
        "failed to create the container ID file: open /nonexistent/x: no such file or directory\n"
    )


def test_warnings(engine: Engine, docker: Call) -> None:
    engine.daemon.on("POST /containers/create", (201, {"Id": CONTAINER, "Warnings": ["careful"]}))
    assert docker("create", "--dns", "127.0.0.1", "busybox").err == (
        "WARNING: careful\nWARNING: Localhost DNS (127.0.0.1) may fail in containers.\n"
    )


def test_start(engine: Engine, docker: Call) -> None:
    engine.daemon.on("POST /containers/a/start", (204, None))
    engine.daemon.on("POST /containers/b/start", (304, None))
    engine.daemon.on("POST /containers/zz/start", (404, {"message": "No such container: zz"}))
    assert tuple(docker("start", "a", "zz", "b")) == (
        1,
        "a\nb\n",
        "Error response from daemon: No such container: zz\nError: failed to start containers: zz\n",
    )
    assert docker("start", "-a", "a", "b").err == "you cannot start and attach multiple containers at once\n"


def test_start_attached(engine: Engine, docker: Call, stdin: Callable[[bytes], None]) -> None:
    described = {
        "Id": CONTAINER,
        "Config": {"Tty": False, "OpenStdin": True},
        "HostConfig": {"AutoRemove": True},
    }
    engine.daemon.on("GET /containers/a/json", (200, described))
    engine.status["StatusCode"] = 3
    stdin(b"x")
    assert tuple(docker("start", "-ai", "a")) == (3, "out\n", "err\n")
    assert engine.stdin == b"x"
    assert engine.daemon.asked(f"POST {C}/wait").query == {"condition": "removed"}


def test_nvidia_docker(engine: Engine, docker: Call) -> None:
    engine.daemon.on("GET /images/cuda/json", (200, {"Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=all"]}}))
    engine.daemon.on("GET /images/plain/json", (200, {"Config": {"Env": None}}))

    def sent(*words: str, env: dict[str, str] | None = None) -> Any:
        engine.daemon.requests.clear()
        assert docker(*words, program="nvidia-docker", env=env).code == 0
        body = engine.daemon.asked("POST /containers/create").json
        return body["HostConfig"]["Runtime"], body["Env"]

    assert sent("run", "-d", "cuda") == ("nvidia", None)
    assert sent("run", "-d", "plain") == ("nvidia", ["NVIDIA_VISIBLE_DEVICES=all"])
    assert sent("create", "plain", env={"NV_GPU": "0 1"}) == ("nvidia", ["NVIDIA_VISIBLE_DEVICES=0,1"])
    assert sent("run", "-d", "-e", "NVIDIA_VISIBLE_DEVICES=none", "plain") == (
        "nvidia", ["NVIDIA_VISIBLE_DEVICES=none"],
    )  # fmt: skip
