"""Reading HTTP/1.1 responses: bytes in, head and body pieces out; no input or output of its own.

Only what a client of the Docker API needs: a status line, headers, and a body that is counted, chunked,
or ends with the connection (RFC 9112). On the client's start path: imports nothing heavy.
"""

from berth.base.errors import BerthError

_HEAD_LIMIT = 256 * 1024
_CHUNK_LINE_LIMIT = 4096


class ProtocolError(BerthError):
    """The peer does not speak HTTP/1.1 as it should."""


class ResponseHead:
    """Status and headers of one response; header names are lower case, repeated ones joined by ", "."""

    __slots__ = ("headers", "reason", "status", "version")

    def __init__(self, status: int, reason: str, headers: dict[str, str], version: str) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.version = version


def split_head(buffer: bytes | bytearray) -> tuple[ResponseHead, bytes] | None:
    """Parse the head at the start of ``buffer``: head and what follows it; None while it is incomplete."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > _HEAD_LIMIT:
            raise ProtocolError("the daemon's answer has an endless header")
        return None
    lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or len(code) != 3 or not code.isdigit():
        raise ProtocolError("the server does not speak HTTP: is this really the address of a Docker daemon?")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError("the daemon's answer has a malformed header")
        key = name.strip().lower()
        text = value.strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return ResponseHead(int(code), reason, headers, version), bytes(buffer[end + 4 :])


class BodyReader:
    """Turns received bytes into body bytes.

    ``feed`` returns what became readable; ``complete`` tells whether the body has ended. ``eof`` must be
    called when the connection ends: it raises when that cut a body short.
    """

    __slots__ = ("_buffer", "_chunked", "_done", "_left", "_state", "until_close")

    def __init__(self, method: str, head: ResponseHead) -> None:
        self._buffer = bytearray()
        self._left = 0
        self._state = "size"
        self.until_close = False
        self._done = False
        self._chunked = "chunked" in head.headers.get("transfer-encoding", "").lower()
        if method == "HEAD" or head.status in (204, 304) or head.status < 200:
            self._done = True
        elif not self._chunked:
            length = head.headers.get("content-length")
            if length is None:
                self.until_close = True
            elif not length.isdigit():
                raise ProtocolError("the daemon's answer has a malformed Content-Length")
            else:
                self._left = int(length)
                self._done = self._left == 0

    def complete(self) -> bool:
        """Whether the whole body was received."""
        return self._done

    def feed(self, data: bytes) -> bytes:
        """Accept received bytes and return the body bytes in them."""
        if self._done:
            return b""
        if self.until_close:
            return data
        if not self._chunked:
            piece = data[: self._left]
            self._left -= len(piece)
            self._done = self._left == 0
            return piece
        return self._feed_chunked(data)

    def _feed_chunked(self, data: bytes) -> bytes:
        self._buffer += data
        out = bytearray()
        while not self._done:
            if self._state == "data":
                piece = self._buffer[: self._left]
                del self._buffer[: len(piece)]
                self._left -= len(piece)
                out += piece
                if self._left:
                    break
                self._state = "end"
            line = self._line()
            if line is None:
                break
            self._step(line)
        return bytes(out)

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > _CHUNK_LINE_LIMIT:
                raise ProtocolError("the daemon's answer has a malformed chunk")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _step(self, line: bytes) -> None:
        if self._state == "end":
            if line:
                raise ProtocolError("the daemon's answer has a malformed chunk")
            self._state = "size"
        elif self._state == "trailer":
            self._done = not line
        else:
            try:
                self._left = int(line.partition(b";")[0].strip(), 16)
            except ValueError:
                raise ProtocolError("the daemon's answer has a malformed chunk") from None
            self._state = "data" if self._left else "trailer"

    def eof(self) -> None:
        """The connection ended: complete for bodies without a length, an error for any other."""
        if not self._done and not self.until_close:
            raise ProtocolError("unexpected EOF")
        self._done = True


def request_head(method: str, target: str, headers: dict[str, str]) -> bytes:
    """The bytes of a request line and headers."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
