"""A daemon's face without a daemon, and the client called in this process."""

import contextlib
import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from berth.cli.__main__ import run

CONTAINER = "c0ffee" + "0" * 58


class Request:
    """One request as the daemon saw it; ``path`` without its version."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        parts = urlsplit(target)
        self.method = method
        self.version, self.path = "", parts.path
        if parts.path.startswith("/v1."):
            self.version, _, rest = parts.path[2:].partition("/")
            self.path = "/" + rest
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"


Answer = tuple[int, Any]
Handler = Callable[[Request, socket.socket], Answer | None]


class FakeDaemon:
    """Answers over a unix socket. ``on`` sets what happens; a handler that returns None did it all itself."""

    def __init__(self, path: str, version: str = "1.50") -> None:
        self.path = path
        self.version = version
        self.requests: list[Request] = []
        self._handlers: dict[str, Handler] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(32)
        self._connections: list[socket.socket] = []
        self.at_close: list[Callable[[], None]] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def on(self, what: str, answer: Answer | Handler) -> None:
        """``what`` is "METHOD /path" without version and query."""
        self._handlers[what] = answer if callable(answer) else lambda request, sock: answer

    def seen(self, *, pings: bool = False) -> list[str]:
        """What was asked, in order."""
        return [r.what for r in self.requests if pings or r.path != "/_ping"]

    def asked(self, what: str) -> Request:
        """The one request ``what``."""
        (found,) = [request for request in self.requests if request.what == what]
        return found

    def close(self) -> None:
        for act in self.at_close:
            act()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb", buffering=0) as reader:
            while True:
                try:
                    request = read_request(reader)
                    if request is None or not self._answer(request, connection):
                        return
                except OSError:
                    return

    def _answer(self, request: Request, connection: socket.socket) -> bool:
        self.requests.append(request)
        version = tuple(map(int, request.version.split("."))) if request.version else (1, 0)
        if version > tuple(map(int, self.version.split("."))):
            self.requests.pop()
            self.send(connection, request, 400, {"message": f"client version {request.version} is too new"})
            return True
        handler = self._handlers.get(request.what)
        if handler is None:
            found = (
                (200, "OK") if request.path == "/_ping" else (404, {"message": f"nothing at {request.what}"})
            )
        else:
            answer = handler(request, connection)
            if answer is None:
                return False
            found = answer
        self.send(connection, request, *found)
        return True

    def send(self, connection: socket.socket, request: Request, status: int, body: Any) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} X\r\nApi-Version: {self.version}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        connection.sendall(head.encode() + (b"" if request.method == "HEAD" else data))


def read_request(reader: Any) -> Request | None:
    """The next request on a connection; None at its end."""
    line = _line(reader)
    if not line:
        return None
    method, target, _ = line.split(" ")
    headers = {}
    while header := _line(reader):
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(_line(reader), 16):
            body += _exactly(reader, size)
            _line(reader)
        _line(reader)
    else:
        body = _exactly(reader, int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


def _line(reader: Any) -> str:
    line = b""
    while not line.endswith(b"\n"):
        byte = reader.read(1)
        if not byte:
            return ""
        line += byte
    return line.strip().decode()


def _exactly(reader: Any, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = reader.read(size - len(data))
        assert piece
        data += piece
    return data


def take_over(connection: socket.socket) -> None:
    """Answer an attach or exec request: raw bytes from here on."""
    connection.sendall(
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
        b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    )


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with tempfile.TemporaryDirectory(prefix="berth") as folder:  # short: socket paths end at 108 bytes
        fake = FakeDaemon(f"{folder}/d.sock")
        try:
            yield fake
        finally:
            fake.close()


class Result:
    """What a command line left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __iter__(self) -> Iterator[Any]:
        return iter((self.code, self.out, self.err))


Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """``call("ps", "-a", env={...}, program="docker")``: run the client here, with an empty home."""

    def act(*words: str, env: dict[str, str] | None = None, program: str = "docker") -> Result:
        capfd.readouterr()
        given = {"HOME": str(tmp_path), "BERTH_AUTOSTART": "0", **(env or {})}
        code = run(f"/usr/bin/{program}", list(words), given)
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return act


@pytest.fixture
def docker(daemon: FakeDaemon, call: Call) -> Call:
    """``call`` with the fake daemon's address set."""

    def act(*words: str, env: dict[str, str] | None = None, program: str = "docker") -> Result:
        return call(*words, env={"DOCKER_HOST": f"unix://{daemon.path}", **(env or {})}, program=program)

    return act


@pytest.fixture
def stdin() -> Iterator[Callable[[bytes], None]]:
    """``stdin(b"...")`` gives this process an input that ends."""
    kept = os.dup(0)

    def give(data: bytes) -> None:
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        os.dup2(reader, 0)
        os.close(reader)

    yield give
    os.dup2(kept, 0)
    os.close(kept)
