"""A small HTTP client for an engine's unix socket: plain requests, streams, and connections taken over.

Written against the sockets rather than a library so that tests see the exact status, headers and bytes.
"""

import http.client
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

TIMEOUT = 30.0
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr"}


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def lines(self) -> list[Any]:
        """The messages of a stream of JSON documents, however they are separated."""
        decoder, text, found = json.JSONDecoder(), self.body.decode(), []
        while text := text.lstrip():
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:]
        return found

    @property
    def message(self) -> str:
        """The error text of a refused request."""
        return str(self.json()["message"])


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = open_unix(self._path, self.timeout)


def open_unix(path: str, timeout: float | None = TIMEOUT) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


class Taken(NamedTuple):
    """A connection whose raw bytes belong to the caller; ``early`` came in the same read as the response
    head."""

    status: int
    headers: dict[str, str]
    sock: socket.socket
    early: bytes

    def read_all(self) -> bytes:
        """Everything until the engine closes its side."""
        parts = [self.early]
        while data := self.sock.recv(65536):
            parts.append(data)
        return b"".join(parts)

    def read_until(self, wanted: bytes) -> bytes:
        """Bytes up to and including ``wanted``, which must come; later bytes of the same read are included
        too."""
        data = self.early
        while wanted not in data:
            more = self.sock.recv(65536)
            if not more:
                raise AssertionError(f"the stream ended without {wanted!r}: {data!r}")
            data += more
        return data

    def half_close(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()


class Api:
    """Requests to one engine. ``query`` values that are dicts or lists travel as JSON, booleans as 1 and
    0."""

    def __init__(self, path: str, *, version: str = "") -> None:
        self.path = path
        self.prefix = f"/v{version}" if version else ""
        self._taken: list[socket.socket] = []

    def at(self, version: str) -> "Api":
        """The same engine, spoken to in one version of the API."""
        other = Api(self.path, version=version)
        other._taken = self._taken
        return other

    def close_taken(self) -> None:
        """Close every connection that was taken over so far."""
        while self._taken:
            self._taken.pop().close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = TIMEOUT,
        **query: Any,
    ) -> Reply:
        connection = _UnixConnection(self.path, timeout)
        sent = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, self.prefix + path + encode_query(query), body=body, headers=sent)
            response = connection.getresponse()
            data = response.read()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, data)
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Reply:
        return self.request("GET", path, **query)

    def post(self, path: str, json_body: Any = None, **query: Any) -> Reply:
        return self.request("POST", path, json_body=json_body, **query)

    def delete(self, path: str, **query: Any) -> Reply:
        return self.request("DELETE", path, **query)

    def take(
        self, method: str, path: str, *, json_body: Any = None, upgrade: bool = True, **query: Any
    ) -> Taken:
        """Ask for a connection to be handed over, with ``Upgrade: tcp`` or in the old way without."""
        body = b"" if json_body is None else json.dumps(json_body).encode()
        head = [f"{method} {self.prefix}{path}{encode_query(query)} HTTP/1.1", "Host: engine"]
        if upgrade:
            head += ["Connection: Upgrade", "Upgrade: tcp"]
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        sock = open_unix(self.path)
        self._taken.append(sock)
        sock.sendall("\r\n".join([*head, "", ""]).encode() + body)
        data = b""
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                break
            data += more
        first, _, early = data.partition(b"\r\n\r\n")
        status_line, *fields = first.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (field.partition(":") for field in fields)}
        return Taken(int(status_line.split()[1]), headers, sock, early)

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are and return everything that comes back until the engine closes."""
        with open_unix(self.path) as sock:
            sock.sendall(request)
            parts = []
            while data := sock.recv(65536):
                parts.append(data)
            return b"".join(parts)


def encode_query(query: dict[str, Any]) -> str:
    pairs = []
    for key, value in query.items():
        values = value if isinstance(value, tuple) else (value,)
        for one in values:
            if isinstance(one, bool):
                one = int(one)
            elif isinstance(one, dict | list):
                one = json.dumps(one)
            pairs.append((key, str(one)))
    return "?" + urlencode(pairs, quote_via=quote) if pairs else ""


def frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The frames of a multiplexed stream: one byte of stream number, three zeros, four of length, the
    payload."""
    while data:
        assert len(data) >= 8, f"a frame's head is cut off: {data!r}"
        number, zeros, length = struct.unpack(">B3sI", data[:8])
        assert zeros == b"\0\0\0", f"the filling of a frame's head is not zero: {data[:8]!r}"
        payload, data = data[8 : 8 + length], data[8 + length :]
        assert len(payload) == length, "a frame's payload is cut off"
        yield STREAMS[number], payload


def split_streams(data: bytes) -> dict[str, bytes]:
    """A multiplexed stream, taken apart by name."""
    joined: dict[str, bytes] = {}
    for name, payload in frames(data):
        joined[name] = joined.get(name, b"") + payload
    return joined
