"""JSON documents one after another on a stream, as ``events``, ``stats``, ``pull`` and ``load`` send them."""

from berth.wire.json import loads

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any


class JsonLines:
    """Collects bytes and gives back each complete line, parsed; blank lines are skipped."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> "list[Any]":
        """Parsed documents that ``data`` completed; ValueError for a line that is not JSON."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [loads(line) for line in lines if line.strip()]

    def close(self) -> "list[Any]":
        """The last document, when the stream ended without a newline."""
        rest, self._rest = self._rest, b""
        return [loads(rest)] if rest.strip() else []
