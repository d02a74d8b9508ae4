"""What passes between the server and a handler."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

from berth.base.caller import Caller
from berth.server.body import RequestBody
from berth.server.rawstream import RawStream

HeaderList: TypeAlias = list[tuple[str, str]]

_MAX_FIELDS = 2000


class Query:
    """The arguments of a URL, in order, repeated names kept."""

    __slots__ = ("_values",)

    def __init__(self, text: str) -> None:
        self._values: dict[str, list[str]] = {}
        if text:
            for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS):
                self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, default: str = "") -> str:
        """The first value of ``name``."""
        values = self._values.get(name)
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """Every value of ``name`` in order."""
        return self._values.get(name, [])


class Request:
    """One request. ``path`` is percent-decoded and without query; header names are lower case, values of
    repeated names joined by commas."""

    __slots__ = ("body", "caller", "headers", "method", "path", "query", "wants_upgrade")

    def __init__(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: RequestBody,
        caller: Caller,
    ) -> None:
        self.method = method
        path, _, query = target.partition("?")
        if not path.startswith("/"):
            # RFC 9112 3.2.2: a server must take the absolute form too; only its path matters here.
            path = "/" + path.partition("://")[2].partition("/")[2]
        self.path = unquote(path, errors="replace") if "%" in path else path
        self.query = Query(query)
        self.headers = headers
        self.body = body
        self.caller = caller
        self.wants_upgrade = "upgrade" in headers.get("connection", "").lower() and "upgrade" in headers


class Response:
    """A whole answer; Content-Length is added."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: HeaderList | None = None, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers if headers is not None else []
        self.body = body


class StreamResponse:
    """An answer of unknown length. The head is sent at once, every chunk as soon as it is there; when the
    client goes away the iterator is closed. An exception out of the iterator breaks the connection, so
    that the client cannot take half an answer for a whole one."""

    __slots__ = ("chunks", "headers", "status")

    def __init__(self, status: int, headers: HeaderList, chunks: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.chunks = chunks


class Takeover:
    """The connection itself is the answer: after a head (101 when the client asked for an upgrade, else 200)
    ``run`` owns the raw bytes both ways, beginning with any that came early. The connection is closed when
    ``run`` returns, and ``run`` is cancelled when the connection is lost."""

    __slots__ = ("headers", "run")

    def __init__(self, headers: HeaderList, run: Callable[[RawStream], Awaitable[None]]) -> None:
        self.headers = headers
        self.run = run


Answer: TypeAlias = Response | StreamResponse | Takeover
Handler: TypeAlias = Callable[[Request], Awaitable[Answer]]
