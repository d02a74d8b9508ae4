"""Answers to bytes: whole, streamed, and the head of a takeover."""

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache

import h11

from berth.server.message import HeaderList, Response, StreamResponse
from berth.server.wire import Wire, WriteGate

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


async def send_stream(
    http: h11.Connection, wire: Wire, gate: WriteGate, answer: StreamResponse, *, head_only: bool
) -> None:
    """Send the head at once, then every chunk as it comes; the iterator is closed whatever happens."""
    chunks = answer.chunks
    try:
        wire.write(http.send(h11.Response(status_code=answer.status, headers=_encode(answer.headers))) or b"")
        if not head_only:
            async for chunk in chunks:
                if chunk:
                    wire.writelines(http.send_with_data_passthrough(h11.Data(data=chunk)) or [])
                    await gate.wait_room()
        wire.write(http.send(h11.EndOfMessage()) or b"")
    finally:
        close: Callable[[], object] | None = getattr(chunks, "aclose", None)
        if close is not None:
            await close()  # type: ignore[misc]  # an async generator's


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
