"""The answer to one request: its head, and a body read at the caller's pace."""

from berth.wire.http1 import BodyReader, ProtocolError, ResponseHead, split_head
from berth.wire.json import loads
from berth.wire.jsonlines import JsonLines

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from berth.client.connection import Connection


class Takeover:
    """A connection that carries raw bytes from here on; ``early`` are those that came with the answer."""

    __slots__ = ("connection", "early", "headers")

    def __init__(self, connection: "Connection", early: bytes, headers: dict[str, str]) -> None:
        self.connection = connection
        self.early = early
        self.headers = headers


class Response:
    """Status, headers (lower-case names) and the body, once."""

    __slots__ = ("_connection", "_early", "_keep", "_reader", "headers", "status")

    def __init__(self, connection: "Connection", method: str, keep: "Callable[[Connection], None]") -> None:
        buffer = b""
        while True:
            found = split_head(buffer)
            if found is not None:
                head, buffer = found
                if head.status >= 200 or head.status == 101:
                    break
                continue
            data = connection.receive()
            if not data:
                raise ProtocolError("unexpected EOF")
            buffer += data
        self.status = head.status
        self.headers = head.headers
        self._connection: Connection | None = connection
        self._keep = keep
        self._early = buffer
        self._reader = BodyReader(method, head)
        if self._reader.complete():
            self._release(head)

    def _release(self, head: "ResponseHead | None" = None) -> None:
        connection, self._connection = self._connection, None
        if connection is None or self.status == 101:
            self._connection = connection
            return
        if self._reader.until_close or self.headers.get("connection", "").lower() == "close":
            connection.close()
        else:
            self._keep(connection)

    def read_some(self) -> bytes:
        """The next piece of the body; empty at its end. ProtocolError when it is cut short."""
        while not self._reader.complete() and (connection := self._connection) is not None:
            data, self._early = self._early, b""
            if not data:
                data = connection.receive()
            if not data:
                self._reader.eof()
                self._release()
                break
            piece = self._reader.feed(data)
            if self._reader.complete():
                self._release()
            if piece:
                return piece
        return b""

    def pieces(self) -> "Iterator[bytes]":
        """The rest of the body, piece by piece as it comes."""
        while piece := self.read_some():
            yield piece

    def read(self) -> bytes:
        """The rest of the body."""
        return b"".join(self.pieces())

    def json(self) -> "Any":
        """The body as JSON; None when it is empty."""
        body = self.read()
        return loads(body) if body.strip() else None

    def json_lines(self) -> "Iterator[Any]":
        """The body as a stream of JSON documents, each as soon as it is complete."""
        lines = JsonLines()
        for piece in self.pieces():
            yield from lines.feed(piece)
        yield from lines.close()

    def fileno(self) -> int:
        """The descriptor to poll for more of the body; -1 when the body has ended."""
        return -1 if self._connection is None else self._connection.fileno()

    def ready(self) -> bool:
        """Whether ``read_some`` has bytes, or the end, without waiting for the descriptor."""
        return self._connection is None or bool(self._early) or self._connection.pending()

    def take_over(self) -> Takeover:
        """The connection itself, for raw bytes."""
        assert self._connection is not None
        connection, self._connection = self._connection, None
        return Takeover(connection, self._early, self.headers)

    def close(self) -> None:
        """Drop the rest of the body (and, when there is one, the connection)."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
