"""A small blocking client of the Docker Engine API, for the command line.

Every request names a version of the API in its path. The first one tries the newest that this client
knows; a daemon that is older refuses it and says its own version, and the request is sent again. With a
daemon of today this costs no extra round trip, where asking first (``/_ping``) always would.
"""

from berth.base.errors import BerthError
from berth.client.connection import Connection
from berth.client.errors import ApiError, ConnectionFailed
from berth.client.response import Response, Takeover
from berth.client.target import query_string
from berth.wire.http1 import ProtocolError, request_head
from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from berth.client.endpoint import Endpoint

NEWEST_API = "1.55"
OLDEST_API = "1.24"
_FILE_CHUNK = 4 << 20


def version_key(version: str) -> tuple[int, ...]:
    """``1.41`` as numbers, for comparing."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


class Client:
    """Requests to one daemon. Keeps one idle connection; streams and takeovers get their own.

    ``version`` (from DOCKER_API_VERSION) pins the API version; otherwise it is agreed on by itself.
    """

    def __init__(
        self, endpoint: "Endpoint", *, headers: "Mapping[str, str] | None" = None, version: str = ""
    ) -> None:
        self.endpoint = endpoint
        self._headers = {"Host": "api.moby.localhost" if endpoint.kind == "unix" else endpoint.host}
        self._headers.update(headers or {})
        self._version = version or NEWEST_API
        self._agreed = bool(version)
        self._idle: Connection | None = None
        self._opened: list[Connection] = []
        self.server_headers: dict[str, str] = {}

    @property
    def version(self) -> str:
        """The agreed API version; asks the daemon when nothing was asked yet."""
        if not self._agreed:
            self.request("HEAD", "/_ping", versioned=False).close()
        return self._version

    def at_least(self, version: str) -> bool:
        """Whether the agreed API version is ``version`` or newer."""
        return version_key(self.version) >= version_key(version)

    def get(self, path: str, query: "Mapping[str, Any] | None" = None) -> "Any":
        """GET and parse the JSON answer."""
        return self.request("GET", path, query).json()

    def post(self, path: str, query: "Mapping[str, Any] | None" = None, body: "Any" = None) -> "Any":
        """POST ``body`` as JSON and parse the JSON answer; None when the answer is empty."""
        return self.request("POST", path, query, body=body).json()

    def delete(self, path: str, query: "Mapping[str, Any] | None" = None) -> "Any":
        """DELETE and parse the JSON answer; None when the answer is empty."""
        return self.request("DELETE", path, query).json()

    def request(
        self,
        method: str,
        path: str,
        query: "Mapping[str, Any] | None" = None,
        *,
        body: "Any" = None,
        stream: "Iterable[bytes] | None" = None,
        headers: "Mapping[str, str] | None" = None,
        versioned: bool = True,
    ) -> Response:
        """Send one request; the response's body is still unread. ApiError for status 400 and above.

        ``body`` is sent as JSON (bytes as they are); ``stream`` is sent in chunks. ``path`` comes without
        a version and is already quoted.
        """
        payload, all_headers = self._payload(body, headers)
        if stream is not None:
            all_headers["Transfer-Encoding"] = "chunked"
            if versioned:
                self.at_least(OLDEST_API)  # a stream can be sent once only, so the version must be agreed
        response = self._exchange(method, path, query, payload, all_headers, stream, versioned=versioned)
        self._learn(response.headers)
        if response.status >= 400:
            raise self._failure(response, method, path)
        return response

    def begin(
        self, method: str, path: str, query: "Mapping[str, Any] | None" = None
    ) -> "Callable[[], Response]":
        """Send a request on a connection of its own; calling the result waits for the answer.

        For requests that run at the same time, such as stopping ten containers.
        """
        payload, headers = self._payload(b"" if method == "POST" else None, None)
        target = f"/v{self.version}{path}" + (query_string(query) if query else "")
        connection = self._open()
        connection.send(request_head(method, target, headers) + payload)

        def finish() -> Response:
            try:
                response = Response(connection, method, Connection.close)
            except (OSError, ProtocolError) as error:
                raise _broken(error, self.endpoint.url) from None
            if response.status >= 400:
                raise self._failure(response, method, path)
            return response

        return finish

    def takeover(
        self,
        path: str,
        query: "Mapping[str, Any] | None" = None,
        *,
        body: "Any" = None,
        method: str = "POST",
        headers: "Mapping[str, str] | None" = None,
    ) -> Takeover:
        """A request after which the connection carries raw bytes (attach, exec)."""
        upgrade = {"Connection": "Upgrade", "Upgrade": "tcp", **(headers or {})}
        payload, all_headers = self._payload(body, upgrade)
        response = self._exchange(method, path, query, payload, all_headers, None, versioned=True)
        self._learn(response.headers)
        if response.status >= 400:
            raise self._failure(response, method, path)
        return response.take_over()

    def connect(self) -> None:
        """Open the connection of the first request already now. ConnectionFailed when nobody listens."""
        if self._idle is None:
            self._idle = self._open()

    def close(self) -> None:
        """Close every connection, also those of answers that were not read to their end."""
        self._idle = None
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    def _open(self) -> Connection:
        connection = Connection(self.endpoint)
        self._opened.append(connection)
        return connection

    def _payload(self, body: "Any", extra: "Mapping[str, str] | None") -> tuple[bytes, dict[str, str]]:
        headers = dict(self._headers)
        payload = b""
        if isinstance(body, bytes):
            payload = body
        elif body is not None:
            payload = dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if body is not None:
            headers["Content-Length"] = str(len(payload))
        headers.update(extra or {})
        return payload, headers

    def _exchange(
        self,
        method: str,
        path: str,
        query: "Mapping[str, Any] | None",
        payload: bytes,
        headers: dict[str, str],
        stream: "Iterable[bytes] | None",
        *,
        versioned: bool,
    ) -> Response:
        """Send, and once more in the daemon's own version when it refuses ours as too new."""
        if stream is None and not payload and method == "POST":
            headers["Content-Length"] = "0"
        tail = path + (query_string(query) if query else "")
        target = f"/v{self._version}{tail}" if versioned else tail
        response = self._send(method, target, payload, headers, stream)
        offered = response.headers.get("api-version", "")
        if (
            versioned
            and not self._agreed
            and response.status == 400
            and offered
            and version_key(offered) < version_key(self._version)
        ):
            response.read()
            self._learn(response.headers)
            target = f"/v{self._version}{tail}"
            response = self._send(method, target, payload, headers, stream)
        return response

    def _send(
        self,
        method: str,
        target: str,
        payload: bytes,
        headers: dict[str, str],
        stream: "Iterable[bytes] | None",
    ) -> Response:
        head = request_head(method, target, headers)
        while True:
            connection, self._idle = self._idle or self._open(), None
            try:
                connection.send(head + payload)
                if stream is not None:
                    _send_chunks(connection, stream)
                return Response(connection, method, self._keep)
            except (OSError, ProtocolError) as error:
                stale = connection.used and stream is None
                connection.close()
                if not stale:
                    raise _broken(error, self.endpoint.url) from None

    def _keep(self, connection: Connection) -> None:
        """Take back a connection whose answer was read to its end."""
        if self._idle is None:
            connection.used = True
            self._idle = connection
        else:
            connection.close()

    def _learn(self, headers: dict[str, str]) -> None:
        self.server_headers = headers
        if self._agreed:
            return
        offered = headers.get("api-version", "")
        if not offered:
            return  # dockerd does not say it where it has no such path
        if version_key(offered) < version_key(self._version):
            self._version = offered
        self._agreed = True

    def _failure(self, response: Response, method: str, path: str) -> ApiError:
        text = response.read().decode("utf-8", "replace")
        detail = text.strip()
        if "json" in response.headers.get("content-type", ""):
            from berth.wire.json import loads

            try:
                message = loads(text)
            except ValueError:
                message = None
            if isinstance(message, dict) and isinstance(message.get("message"), str):
                detail = message["message"].strip()
        if not detail:
            detail = (
                f"request returned {response.status} for API route and version "
                f"{method} {path}, check if the server supports the requested API version"
            )
        return ApiError(response.status, detail)


def _send_chunks(connection: Connection, stream: "Iterable[bytes]") -> None:
    """Send pieces as chunks; when the daemon hangs up early its answer is still worth reading."""
    try:
        _send_file(connection, getattr(stream, "fd", -1))
        for piece in stream:
            if piece:
                connection.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
        connection.send(b"0\r\n\r\n")
    except BrokenPipeError:
        return


def _send_file(connection: Connection, fd: int) -> None:
    """As much of a regular file as the connection can take without us; the rest is read and sent by hand."""
    if fd < 0 or connection.secure:
        return
    import _signal  # type: ignore[import-not-found]
    import os
    import stat

    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return
    left = os.fstat(fd).st_size - os.lseek(fd, 0, os.SEEK_CUR)
    # sendfile(2) has no flag against it, and a daemon that hangs up has an answer that is worth reading.
    before = _signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)
    try:
        while left > 0:
            count = min(left, _FILE_CHUNK)
            connection.send(b"%x\r\n" % count)
            connection.send_file(fd, count)
            connection.send(b"\r\n")
            left -= count
    finally:
        _signal.signal(_signal.SIGPIPE, before)


def _broken(error: Exception, url: str) -> BerthError:
    if isinstance(error, ConnectionFailed):
        return error
    reason = "EOF" if isinstance(error, ProtocolError) else (getattr(error, "strerror", None) or str(error))
    return ConnectionFailed(f"error during connect: {url}: {reason}")
