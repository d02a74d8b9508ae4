"""Standard input, output and error as the commands use them: bytes, collected, written in one call."""

import posix

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable

_COLLECT = 64 * 1024


class Writer:
    """Collects text and bytes for one descriptor; ``flush`` writes all of it.

    A standard stream that is gone ends the process by SIGPIPE (``__main__`` restores the default action),
    as it does with Docker's client.
    """

    __slots__ = ("_parts", "_size", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, text: str) -> None:
        """Add text; nothing reaches the descriptor before ``flush`` or a full buffer."""
        self.write_bytes(text.encode("utf-8", "surrogateescape"))

    def line(self, text: str = "") -> None:
        """Add text and a newline."""
        self.write(text + "\n")

    def write_bytes(self, data: bytes) -> None:
        """Add bytes."""
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _COLLECT:
            self.flush()

    def flush(self) -> None:
        """Write everything that was added."""
        if not self._parts:
            return
        data = b"".join(self._parts) if len(self._parts) > 1 else self._parts[0]
        self._parts.clear()
        self._size = 0
        write_all(self.fd, data)

    def is_terminal(self) -> bool:
        """Whether the descriptor is a terminal."""
        return is_terminal(self.fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, waiting where a descriptor was set non-blocking by someone else."""
    view = memoryview(data)
    while view:
        try:
            view = view[posix.write(fd, view) :]
        except BlockingIOError:
            import select

            select.select([], [fd], [])


def is_terminal(fd: int) -> bool:
    """Whether ``fd`` is an open terminal."""
    try:
        return posix.isatty(fd)
    except OSError:
        return False


def read_line(fd: int, on_end: "Callable[[], str] | None" = None) -> str:
    """One line from ``fd`` without its newline, byte by byte so that nothing behind it is swallowed."""
    line = bytearray()
    while (byte := posix.read(fd, 1)) not in (b"", b"\n"):
        line += byte
    if not line and byte == b"" and on_end:
        return on_end()
    return line.decode("utf-8", "surrogateescape")
