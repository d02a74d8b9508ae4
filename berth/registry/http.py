"""HTTP/1.1 as a client of registries: h11 does the parsing, this does the waiting.

One ``Exchange`` is one request and its answer on one connection. Bodies stream both ways. Every wait is
bounded; an answer that breaks off is an ``Unreachable`` that may be tried again.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import NamedTuple, TypeVar

import h11

from berth.registry.dial import Streams
from berth.registry.errors import Unreachable
from berth.registry.settings import Timeouts

T = TypeVar("T")
Headers = list[tuple[str, str]]

_READ = 256 << 10
_HEAD_LIMIT = 64 << 10
_LONG = 1 << 20
_BROKEN = (ConnectionError, h11.RemoteProtocolError, ssl.SSLError, OSError)


class Body(NamedTuple):
    """What a request sends: ``length`` bytes, or chunks without an end known before when it is None."""

    chunks: AsyncGenerator[bytes, None]
    length: int | None


class Answer:
    """The head of a response, and its body while it comes. ``close`` must be called."""

    def __init__(self, connection: "Connection", response: h11.Response) -> None:
        self._connection = connection
        self.status = response.status_code
        self._headers = [(n.decode("ascii"), v.decode("latin-1")) for n, v in response.headers]

    def header(self, name: str) -> str:
        """The value of a header, empty when it is not there; ``name`` in lower case."""
        return next((value for key, value in self._headers if key == name), "")

    def headers(self, name: str) -> list[str]:
        """Every value of a header that may come several times."""
        return [value for key, value in self._headers if key == name]

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        while chunk := await self._connection.next_chunk():
            yield chunk

    async def read(self, limit: int) -> bytes:
        """The whole body, or its first ``limit`` + 1 bytes when it is longer."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                break
        return b"".join(parts)[: limit + 1]

    def close(self) -> None:
        """Give the connection back for the next request if the body was read, else close it."""
        self._connection.release()


class Connection:
    """One connection and the state of what is spoken on it. ``reused`` once it has served a request."""

    def __init__(self, streams: Streams, timeouts: Timeouts, keep: Callable[["Connection"], None]) -> None:
        self._reader, self._writer = streams
        self._timeouts = timeouts
        self._keep = keep
        self._protocol = _new_protocol()
        self._plain: _PlainBody | None = None
        self.reused = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: idle, and the other end has not hung up."""
        return (
            self._protocol.our_state is h11.IDLE
            and not self._reader.at_eof()
            and not self._writer.is_closing()
        )

    async def exchange(self, request: h11.Request, body: Body | None) -> Answer:
        """Send the request and wait for the head of the answer."""
        try:
            await self._send(request, body)
            return await self._receive_head()
        except BaseException:
            self.close()
            raise

    async def _send(self, request: h11.Request, body: Body | None) -> None:
        self._write(request)
        try:
            if body is not None:
                async with contextlib.aclosing(body.chunks) as chunks:
                    async for chunk in chunks:
                        self._write(h11.Data(data=chunk))
                        await self._wait(self._writer.drain(), self._timeouts.idle)
            self._write(h11.EndOfMessage())
            await self._wait(self._writer.drain(), self._timeouts.idle)
        except _BROKEN as error:
            # A refusal may have been sent before the body was through: it says more than a broken pipe.
            if body is None or self._reader.at_eof():
                raise _broken(error) from None
            self._protocol.send_failed()

    def _write(self, event: h11.Event) -> None:
        data = self._protocol.send(event)
        if data:
            self._writer.write(data)

    async def _receive_head(self) -> Answer:
        while True:
            event = await self._next_event(self._timeouts.head, "awaiting headers")
            if isinstance(event, h11.Response):
                self._plain = _plain_body(event, self._protocol)
                return Answer(self, event)
            if not isinstance(event, h11.InformationalResponse):
                raise Unreachable("EOF")

    async def next_chunk(self) -> bytes:
        """The next piece of the body; empty at its end."""
        if self._plain is not None:
            return await self._next_plain(self._plain)
        if self._protocol.their_state is not h11.SEND_BODY:
            return b""
        while True:
            event = await self._next_event(self._timeouts.idle, "reading body")
            if isinstance(event, h11.Data):
                if event.data:
                    return bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return b""
            else:
                raise Unreachable("unexpected EOF")

    async def _next_plain(self, body: "_PlainBody") -> bytes:
        """A large body of known length is counted, not parsed: the parser would copy it several times."""
        if not body.left:
            return b""
        try:
            data = body.early or await self._wait(
                self._reader.read(min(_LONG, body.left)), self._timeouts.idle, "reading body"
            )
        except _BROKEN as error:
            self.close()
            raise _broken(error) from None
        body.early = b""
        if not data:
            self.close()
            raise Unreachable("unexpected EOF")
        body.left -= len(data)
        return data

    async def _next_event(self, timeout: float, what: str) -> object:
        try:
            while (event := self._protocol.next_event()) is h11.NEED_DATA:
                data = await self._wait(self._reader.read(_READ), timeout, what)
                self._protocol.receive_data(data)
            return event
        except _BROKEN as error:
            self.close()
            raise _broken(error) from None

    async def _wait(self, awaitable: Awaitable[T], timeout: float, what: str = "writing request") -> T:
        try:
            async with asyncio.timeout(timeout):
                return await awaitable
        except TimeoutError:
            self.close()
            raise Unreachable(f"net/http: request canceled (timeout exceeded while {what})") from None

    def release(self) -> None:
        """Back to the pool when everything was said, closed otherwise."""
        if self._plain is not None and self._plain.whole:
            self._plain, self._protocol = None, _new_protocol()
            self.reused = True
            self._keep(self)
            return
        done = self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE
        if not done:
            self.close()
            return
        self._protocol.start_next_cycle()
        self.reused = True
        self._keep(self)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class _PlainBody:
    """What is left of a body that is read past the parser: ``early`` is what the parser has got already."""

    def __init__(self, left: int, early: bytes) -> None:
        self.left = left
        self.early = early

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return self.left == 0


def _plain_body(response: h11.Response, protocol: h11.Connection) -> _PlainBody | None:
    """The body of a response, when it is long, has a length, and the connection outlives it; else None."""
    headers = dict(response.headers)
    length = headers.get(b"content-length", b"")
    early = protocol.trailing_data[0]
    known = protocol.their_state is h11.SEND_BODY and length.isdigit() and b"transfer-encoding" not in headers
    if not known or protocol.our_state is not h11.DONE or len(early) > int(length) or int(length) < _LONG:
        return None
    return _PlainBody(int(length), early)


def _new_protocol() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)


def _broken(error: Exception) -> Unreachable:
    if isinstance(error, h11.RemoteProtocolError):
        text = "unexpected EOF" if "closed" in str(error) else f"malformed HTTP response: {error}"
        return Unreachable(text)
    if isinstance(error, ConnectionResetError):
        return Unreachable("read: connection reset by peer")
    return Unreachable(str(error) or "EOF")
