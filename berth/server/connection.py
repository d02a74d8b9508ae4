"""One client connection: requests in turn, each handled by one call of the handler.

The transport feeds h11; a task per connection takes requests from it, runs the handler and sends the answer.
Reading pauses whenever the handler lags behind, so a connection holds at most a few hundred KiB. When the
client goes away while a request is worked on, the task is cancelled: a handler that must not be cut short
shields itself.

A client that only stops sending (half-close) still gets its answer. Over TCP that cannot be told from a
client that has left, so there a stream ends at half-close, as with Go's server; a takeover does not.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Coroutine
from typing import Any, Protocol

import h11

from berth.base.caller import Caller
from berth.base.errors import InvalidArgument
from berth.server.body import HIGH_WATER, RequestBody
from berth.server.hangup import HangupWatch, has_hung_up
from berth.server.message import Handler, Request, Response, StreamResponse, Takeover
from berth.server.rawstream import RawStream
from berth.server.sending import refusal, send_response, send_stream, takeover_head
from berth.server.wire import Wire, WriteGate

log = logging.getLogger(__name__)

HEAD_LIMIT = 256 << 10
"""Largest request line plus headers in bytes; X-Registry-Auth and X-Registry-Config can be long."""
HEAD_TIMEOUT_S = 300.0
"""Time for a whole head once its first byte is there."""
LEFTOVER_LIMIT = 1 << 20
"""Unread body that is thrown away to keep a connection, in bytes; with more it is closed."""
LINGER_S = 2.0
"""How long a finished connection is still read, so that the client sees the answer rather than a reset."""


class Host(Protocol):
    """What a connection needs of its server."""

    @property
    def handler(self) -> Handler: ...
    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]": ...
    def connected(self, connection: "Connection") -> None: ...
    def disconnected(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """See the module."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._gate = WriteGate()
        self._wire: Wire
        self._unix: socket.socket | None = None
        self._caller = Caller()
        self._task: asyncio.Task[None] | None = None
        self._head: h11.Request | None = None
        self._body: RequestBody | None = None
        self._refused: h11.RemoteProtocolError | None = None
        self._wakeup: asyncio.Future[None] | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._hangup: HangupWatch | None = None
        self._busy = False
        self._streaming = False
        self._eof = False
        self._lost = False
        self._reading_paused = False
        self._queued = 0

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = transport  # type: ignore[assignment]  # always a stream transport
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family == socket.AF_UNIX:
            self._unix = sock
        self._caller = _identify(transport, sock)
        self._host.connected(self)
        self._task = self._host.spawn("connection", self._run())

    def data_received(self, data: bytes) -> None:
        if self._refused is not None:
            return
        try:
            self._http.receive_data(data)
            if self._busy and self._body is not None and self._body.complete:
                # The next request, or early bytes for a takeover: h11 keeps them, so stop when it is much.
                self._queued += len(data)
                if self._queued > HIGH_WATER:
                    self._pause()
            self._advance()
        except h11.RemoteProtocolError as error:
            self._refuse(error)

    def eof_received(self) -> bool:
        self._eof = True
        if self._body is not None:
            self._body.fail(InvalidArgument("unexpected EOF"))
        if self._busy:
            self._half_closed()
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()

    def pause_writing(self) -> None:
        self._gate.pause()

    def resume_writing(self) -> None:
        self._gate.resume()

    # From bytes to requests.

    def _advance(self) -> None:
        """Take every event that h11 has, up to the end of the current request."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                if not event.http_version.startswith(b"1."):
                    raise h11.RemoteProtocolError("unknown HTTP version", error_status_hint=505)
                self._stop_head_timer()
                self._head = event
                self._body = RequestBody(begin=self._continue, resume=self._resume)
                self._wake()
            elif isinstance(event, h11.Data):
                if self._body is not None and self._body.feed(bytes(event.data)):
                    self._pause()
            elif isinstance(event, h11.EndOfMessage):
                if self._body is not None:
                    self._body.finish()
            else:
                break
        if self._head is None and not self._busy and self._head_timer is None and self._http.trailing_data[0]:
            self._head_timer = asyncio.get_running_loop().call_later(HEAD_TIMEOUT_S, self._wire.abort)

    def _refuse(self, error: h11.RemoteProtocolError) -> None:
        self._refused = error
        if self._body is not None:
            self._body.fail(InvalidArgument(f"malformed request body: {error}"))
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    def _pause(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._wire.pause_reading()

    def _resume(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self._wire.resume_reading()

    def _continue(self) -> None:
        """The handler wants the body now: say so to a client that asked first (Expect: 100-continue)."""
        if self._http.they_are_waiting_for_100_continue and self._http.our_state is h11.SEND_RESPONSE:
            self._wire.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    # The life of the connection.

    async def _run(self) -> None:
        try:
            while (head := await self._wait_head()) is not None:
                if not await self._serve(head):
                    break
            await self._linger()
        except (ConnectionError, h11.LocalProtocolError) as error:
            log.debug("connection broke: %s", error)
        finally:
            self._stop_head_timer()
            self._drop_hangup()
            self._wire.close()
            self._host.disconnected(self)

    async def _wait_head(self) -> h11.Request | None:
        """The head of the next request; None when there will be none."""
        while self._head is None:
            if self._refused is not None:
                if not self._lost:
                    self._wire.write(refusal(self._refused))
                return None
            if self._eof or self._lost:
                return None
            self._wakeup = asyncio.get_running_loop().create_future()
            await self._wakeup
        head, self._head = self._head, None
        return head

    async def _serve(self, head: h11.Request) -> bool:
        """Handle one request; whether the connection can take another."""
        body = self._body
        assert body is not None
        self._busy = True
        if self._eof:
            self._half_closed()
        answer = await self._host.handler(self._request(head, body))
        if isinstance(answer, Takeover):
            await self._take_over(head, answer)
            return False
        if not body.complete and self._http.they_are_waiting_for_100_continue:
            answer.headers.append(("Connection", "close"))
        await self._answer(answer, head_only=head.method == b"HEAD")
        self._busy = False
        return await self._finish_cycle(body)

    def _request(self, head: h11.Request, body: RequestBody) -> Request:
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Request(
            head.method.decode("ascii"), head.target.decode("latin-1"), headers, body, self._caller
        )

    async def _answer(self, answer: Response | StreamResponse, *, head_only: bool) -> None:
        if isinstance(answer, Response):
            await send_response(self._http, self._wire, self._gate, answer, head_only=head_only)
            return
        self._streaming = True
        if self._eof:
            self._half_closed()
        try:
            await send_stream(self._http, self._wire, self._gate, answer, head_only=head_only)
        finally:
            self._streaming = False

    async def _take_over(self, head: h11.Request, answer: Takeover) -> None:
        """Send the head and hand the connection to the answer's coroutine until that returns."""
        upgrade = any(name == b"upgrade" for name, _ in head.headers)
        self._wire.write(takeover_head(answer.headers, upgrade=upgrade))
        early, _ = self._http.trailing_data
        stream = self._raw(early)
        await answer.run(stream)
        self._busy = False

    def _raw(self, early: bytes) -> RawStream:
        stream = RawStream(self._wire, self._gate, early=early, at_eof=self._eof)
        stream.on_eof, stream.on_lost = self._raw_eof, self._gone
        self._wire.set_protocol(stream)
        self._resume()
        return stream

    def _raw_eof(self) -> None:
        self._eof = True
        self._half_closed()

    async def _finish_cycle(self, body: RequestBody) -> bool:
        """Make ready for the next request, throwing away what the handler left unread."""
        if not body.complete and not await self._discard(body):
            return False
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self._queued = 0
        self._body = None
        self._resume()
        try:
            self._advance()
        except h11.RemoteProtocolError as error:
            self._refuse(error)
        return True

    async def _discard(self, body: RequestBody) -> bool:
        """Throw the rest of a body away; False when it is too much or broken."""
        if self._http.our_state is h11.MUST_CLOSE:
            return False
        size = 0
        with contextlib.suppress(InvalidArgument):
            while size <= LEFTOVER_LIMIT:
                chunk = await body.next_chunk()
                if not chunk:
                    return True
                size += len(chunk)
        return False

    async def _linger(self) -> None:
        """Stop writing, but read on for a moment: closing with unread bytes would reset the connection and
        could take the answer with it."""
        if self._lost or self._eof or self._wire.is_closing():
            return
        stream = self._raw(b"")
        stream.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await stream.read():
                    pass

    # The end.

    def _half_closed(self) -> None:
        """The client stops sending while it is served: find out whether it is gone."""
        if self._unix is None:
            if self._streaming:
                self._gone()
        elif has_hung_up(self._unix.fileno()):
            self._gone()
        elif self._hangup is None:
            self._hangup = HangupWatch(self._unix.fileno(), self._gone)

    def _drop_hangup(self) -> None:
        if self._hangup is not None:
            self._hangup.close()
            self._hangup = None

    def _gone(self) -> None:
        """The client is not there any more: whoever works for it may stop."""
        if self._lost:
            return
        self._lost = True
        self._gate.lose()
        if self._body is not None:
            self._body.fail(ConnectionResetError("the client went away"))
        if self._busy and self._task is not None:
            self._task.cancel()
        self._wake()

    def close_idle(self) -> None:
        """End the connection if no request is being worked on (the server is shutting down)."""
        if not self._busy:
            self._wire.close()


def _identify(transport: asyncio.BaseTransport, sock: socket.socket | None) -> Caller:
    """Who is at the other end: the kernel's word on a unix socket, the certificate's subject over TLS."""
    if sock is not None and sock.family == socket.AF_UNIX:
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, gid = struct.unpack("3i", credentials)
        return Caller(uid=uid, gid=gid, pid=pid)
    certificate = transport.get_extra_info("peercert") or {}
    names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    return Caller(subject=names[0] if names else "")
