"""Answers to bytes: whole, streamed, and the head of a takeover."""

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache

import h11

from berth.server.message import HeaderList, Response, StreamResponse
from berth.server.wire import Wire, WriteGate

BATCH = 64 << 10
"""Bytes of a stream that are sent at once, and after which others get their turn."""

_NO_BODY = (204, 304)
_REASONS = {400: "Bad Request", 431: "Request Header Fields Too Large", 501: "Not Implemented"}


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def _encode(headers: HeaderList) -> list[tuple[bytes, bytes]]:
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    encoded.append((b"Date", _date(int(time.time()))))
    return encoded


async def send_response(
    http: h11.Connection, wire: Wire, gate: WriteGate, answer: Response, *, head_only: bool
) -> None:
    """Send a whole answer in one write; ``head_only`` (HEAD) tells the length and leaves the body out."""
    headers = _encode(answer.headers)
    if answer.status not in _NO_BODY:
        headers.append((b"Content-Length", str(len(answer.body)).encode()))
    parts = [http.send(h11.Response(status_code=answer.status, headers=headers)) or b""]
    if answer.body and not head_only and answer.status not in _NO_BODY:
        parts += http.send_with_data_passthrough(h11.Data(data=answer.body)) or []
    parts.append(http.send(h11.EndOfMessage()) or b"")
    wire.write(b"".join(parts))
    await gate.wait_room()


class _Coalescer:
    """Puts small chunks together without ever holding one back: what a generator yields without waiting
    is sent as one piece, as soon as it waits or there is ``BATCH`` of it."""

    def __init__(self, http: h11.Connection, wire: Wire) -> None:
        self._http = http
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._handle: asyncio.Handle | None = None
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Take a chunk; it goes out when the event loop is next reached, if not before."""
        self._parts.append(chunk)
        self.size += len(chunk)
        if self._handle is None:
            self._handle = self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what there is."""
        self.drop()
        if self._parts:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
            self.size = 0
            self._wire.writelines(self._http.send_with_data_passthrough(h11.Data(data=data)) or [])

    def drop(self) -> None:
        """Do not send by itself any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


async def send_stream(
    http: h11.Connection, wire: Wire, gate: WriteGate, answer: StreamResponse, *, head_only: bool
) -> None:
    """Send the head at once, then every chunk as it comes; the iterator is closed whatever happens."""
    chunks = answer.chunks
    out = _Coalescer(http, wire)
    try:
        wire.write(http.send(h11.Response(status_code=answer.status, headers=_encode(answer.headers))) or b"")
        if not head_only:
            async for chunk in chunks:
                if chunk:
                    out.add(chunk)
                    if out.size >= BATCH:
                        out.flush()
                        await gate.wait_room()
                        await asyncio.sleep(0)  # a source that never waits must not hold up everybody else
        out.flush()
        wire.write(http.send(h11.EndOfMessage()) or b"")
    except Exception:
        out.flush()
        raise
    finally:
        out.drop()
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


def takeover_head(headers: HeaderList, *, upgrade: bool) -> bytes:
    """The head before raw bytes, as Docker writes it: its clients look for "101 UPGRADED" or plain 200."""
    lines = ["HTTP/1.1 101 UPGRADED" if upgrade else "HTTP/1.1 200 OK"]
    lines += [f"{name}: {value}" for name, value in headers]
    if upgrade:
        lines += ["Connection: Upgrade", "Upgrade: tcp"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def refusal(error: h11.RemoteProtocolError) -> bytes:
    """The answer to bytes that are no HTTP; the connection is closed after it."""
    status = error.error_status_hint
    reason = _REASONS.get(status, "Bad Request")
    text = f"{status} {reason}: {error}\n".encode("ascii", "replace")
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return f"{head}Connection: close\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text
