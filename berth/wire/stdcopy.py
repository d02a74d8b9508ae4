"""Docker's framing of stdout and stderr on one stream: 8 bytes of header, then the payload.

Header: stream number (0 stdin, 1 stdout, 2 stderr, 3 error of the system), three zero bytes, payload
length as 32 bits big-endian.

One number more is berth's own: the last frame of an exec is the exit code as decimal text, for a client
that asked for it in a header of its request. It spares such a client a second request.
"""

from berth.base.errors import BerthError

STDIN, STDOUT, STDERR, SYSTEM, EXIT = 0, 1, 2, 3, 4
EXIT_HEADER = "Berth-Exit-Code"
"""With the value ``frame`` in a request to start an exec: send the exit code as the last frame."""
_HEADER = 8


class FrameError(BerthError):
    """The stream is not framed as announced."""


def frame(stream: int, payload: bytes) -> bytes:
    """One frame."""
    return bytes((stream, 0, 0, 0)) + len(payload).to_bytes(4, "big") + payload


class Demultiplexer:
    """Splits a framed byte stream; payloads are handed on as they come, not only when a frame is whole."""

    __slots__ = ("_header", "_left", "_stream")

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0
        self._stream = STDOUT

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """(stream, payload) pairs found in ``data``, in order. An unknown stream number is a FrameError."""
        pieces: list[tuple[int, bytes]] = []
        at = 0
        size = len(data)
        while at < size:
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append((self._stream, piece))
                continue
            wanted = _HEADER - len(self._header)
            self._header += data[at : at + wanted]
            at += wanted
            if len(self._header) == _HEADER:
                self._stream = self._header[0]
                self._left = int.from_bytes(self._header[4:], "big")
                self._header.clear()
                if self._stream > EXIT:
                    raise FrameError(f"Unrecognized input header: {self._stream}")
        return pieces
