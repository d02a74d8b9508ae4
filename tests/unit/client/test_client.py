"""The blocking client: agreeing on a version, connections, streams, takeovers, errors."""

import socket
from collections.abc import Iterator

import pytest

from berth.client.client import NEWEST_API, Client, version_key
from berth.client.endpoint import parse_host
from berth.client.errors import ApiError, ConnectionFailed
from berth.wire.http1 import ProtocolError
from tests.unit.cli.conftest import FakeDaemon, Request, daemon, take_over

__all__ = ["daemon"]


@pytest.fixture
def client(daemon: FakeDaemon) -> Iterator[Client]:
    made = Client(parse_host(f"unix://{daemon.path}"))
    yield made
    made.close()


def plain(text: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\n" + text


def test_agrees_on_the_older_version_without_asking_first(daemon: FakeDaemon, client: Client) -> None:
    daemon.version = "1.41"
    daemon.on("GET /info", (200, {"ID": "x"}))
    assert client.get("/info") == {"ID": "x"}
    assert [request.version for request in daemon.requests] == ["1.41"]
    assert client.version == "1.41"
    assert not client.at_least("1.42")
    assert daemon.seen(pings=True) == ["GET /info"]


def test_a_newer_daemon_is_spoken_to_in_our_version(daemon: FakeDaemon, client: Client) -> None:
    daemon.version = "1.99"
    daemon.on("GET /info", (200, {}))
    client.get("/info")
    assert daemon.requests[0].version == client.version == NEWEST_API


def test_version_asks_when_nothing_was_asked(daemon: FakeDaemon, client: Client) -> None:
    assert client.version == "1.50"
    assert daemon.seen(pings=True) == ["HEAD /_ping"]


def test_pinned_version(daemon: FakeDaemon) -> None:
    pinned = Client(parse_host(f"unix://{daemon.path}"), version="1.30", headers={"X-Mine": "y"})
    daemon.on("GET /info", (200, {}))
    pinned.get("/info")
    pinned.close()
    assert daemon.requests[0].version == "1.30"
    assert daemon.requests[0].headers["x-mine"] == "y"


def test_keeps_its_connection(daemon: FakeDaemon, client: Client) -> None:
    used: set[socket.socket] = set()

    def remember(request: Request, sock: socket.socket) -> tuple[int, None]:
        used.add(sock)
        return 204, None

    daemon.on("POST /x", remember)
    for _ in range(3):
        client.post("/x")
    assert len(used) == 1


def test_sends_again_on_a_connection_that_went_stale(daemon: FakeDaemon, client: Client) -> None:
    def once(request: Request, sock: socket.socket) -> None:
        daemon.send(sock, request, 200, {})  # and the connection closes behind it

    daemon.on("GET /a", once)
    assert client.get("/a") == {}
    assert client.get("/a") == {}


def test_error_forms(daemon: FakeDaemon, client: Client) -> None:
    daemon.on("GET /a", (409, {"message": " in use \n"}))
    daemon.on("GET /b", (500, "text"))
    daemon.on("GET /c", (404, None))
    for path, status, text in (
        ("/a", 409, "Error response from daemon: in use"),
        ("/b", 500, 'Error response from daemon: "text"'),
        (
            "/c",
            404,
            "Error response from daemon: request returned 404 for API route and version GET /c, "
            "check if the server supports the requested API version",
        ),
    ):
        with pytest.raises(ApiError) as caught:
            client.get(path)
        assert (caught.value.status, str(caught.value)) == (status, text)


def test_stream_goes_in_chunks(daemon: FakeDaemon, client: Client) -> None:
    daemon.on("POST /load", (200, {}))
    client.request("POST", "/load", stream=iter([b"abc", b"", b"defg"])).read()
    assert daemon.asked("POST /load").body == b"abcdefg"


def test_an_early_refusal_of_a_stream_is_heard(daemon: FakeDaemon, client: Client) -> None:
    def refuse() -> Iterator[bytes]:
        client_side = b"x" * 65536
        for _ in range(200):
            yield client_side

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{daemon.path}2")
    listener.listen()
    other = Client(parse_host(f"unix://{daemon.path}2"), version="1.50")
    import threading

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(
                b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 17\r\n"
                b'Connection: close\r\n\r\n{"message":"bad"}'
            )
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(ApiError, match="bad"):
        other.request("POST", "/load", stream=refuse())
    other.close()
    thread.join(10)
    listener.close()


def test_takeover_keeps_early_bytes(daemon: FakeDaemon, client: Client) -> None:
    def attach(request: Request, sock: socket.socket) -> None:
        take_over(sock)
        sock.sendall(b"early")
        assert sock.recv(10) == b"typed"
        sock.sendall(b"late")

    daemon.on("POST /attach", attach)
    stream = client.takeover("/attach")
    assert daemon.asked("POST /attach").headers["upgrade"] == "tcp"
    got = stream.early
    while len(got) < 5:
        got += stream.connection.receive()
    stream.connection.send(b"typed")
    while piece := stream.connection.receive():
        got += piece
    assert got == b"earlylate"


def test_takeover_of_an_old_engine(daemon: FakeDaemon, client: Client) -> None:
    def attach(request: Request, sock: socket.socket) -> None:
        sock.sendall(plain(b"Content-Type: application/vnd.docker.raw-stream\r\n\r\nhello"))

    daemon.on("POST /attach", attach)
    stream = client.takeover("/attach")
    got = stream.early
    while piece := stream.connection.receive():
        got += piece
    assert got == b"hello"


def test_begin_runs_side_by_side(daemon: FakeDaemon, client: Client) -> None:
    import threading

    both = threading.Barrier(2)  # neither is answered before both have arrived

    def wait(request: Request, sock: socket.socket) -> tuple[int, None]:
        both.wait(10)
        return 204, None

    daemon.on("POST /a", wait)
    daemon.on("POST /b", wait)
    pending = [client.begin("POST", "/a"), client.begin("POST", "/b")]
    assert [finish().status for finish in pending] == [204, 204]


def test_json_lines(daemon: FakeDaemon, client: Client) -> None:
    def stream(request: Request, sock: socket.socket) -> None:
        sock.sendall(plain(b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"a":1}\n\r\n'))
        sock.sendall(b'7\r\n{"a":2}\r\n0\r\n\r\n')

    daemon.on("GET /events", stream)
    assert list(client.request("GET", "/events").json_lines()) == [{"a": 1}, {"a": 2}]


def test_body_cut_short(daemon: FakeDaemon, client: Client) -> None:
    daemon.on("GET /x", lambda request, sock: sock.sendall(plain(b"Content-Length: 9\r\n\r\nabc")))
    with pytest.raises(ProtocolError, match="unexpected EOF"):
        client.get("/x")


def test_no_daemon(tmp_path: object) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        Client(parse_host("unix:///nonexistent/d.sock")).get("/x")
    assert str(caught.value) == (
        "Cannot connect to the Docker daemon at unix:///nonexistent/d.sock. Is the docker daemon running?"
    )


def test_version_key() -> None:
    assert version_key("1.9") < version_key("1.24") < version_key("1.100")
