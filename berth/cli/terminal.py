"""The caller's terminal: raw mode, size, and the keys that detach."""

import posix

from berth.base.errors import InvalidArgument

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

DEFAULT_DETACH_KEYS = b"\x10\x11"
_CONTROL = "@abcdefghijklmnopqrstuvwxyz[\\]^_"


def detach_keys(text: str) -> bytes:
    """``ctrl-p,ctrl-q`` as bytes; the default for an empty text.

    Each key is one character, ``ctrl-X``, or ``DEL``; InvalidArgument for anything else.
    """
    if not text:
        return DEFAULT_DETACH_KEYS
    keys = bytearray()
    for key in text.split(","):
        name = key.removeprefix("ctrl-")
        if len(key) == 1:
            keys += key.encode("utf-8", "surrogateescape")[:1]
        elif key != name and len(name) == 1 and name in _CONTROL:
            keys.append(_CONTROL.index(name))
        elif key == "DEL":
            keys.append(127)
        else:
            raise InvalidArgument(f"Unknown character: '{key}'")
    return bytes(keys)


class DetachFilter:
    """Looks for the detach keys in what is typed.

    The beginning of the sequence is held back until the next key decides; when that one does not belong
    to the sequence, everything held back is passed on before it.
    """

    __slots__ = ("_held", "_keys", "detached")

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._held = b""
        self.detached = False

    def feed(self, data: bytes) -> bytes:
        """The bytes to pass on; ``detached`` is true once the whole sequence was read."""
        out = bytearray()
        for value in data:
            self._held += bytes((value,))
            if self._held == self._keys:
                self.detached = True
                self._held = b""
                break
            # Drop from the front until what is left may still become the sequence.
            while self._held and not self._keys.startswith(self._held):
                out += self._held[:1]
                self._held = self._held[1:]
        return bytes(out)


class RawMode:
    """Puts a terminal into raw mode; ``restore`` may be called more than once."""

    __slots__ = ("_fd", "_saved")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._saved: list[Any] | None = None

    def enter(self) -> None:
        """No echo, no line editing, no signals from keys: every byte goes to the container's terminal."""
        import termios as t

        saved = t.tcgetattr(self._fd)
        iflag, oflag, cflag, lflag, ispeed, ospeed, cc = saved
        iflag &= ~(t.IGNBRK | t.BRKINT | t.PARMRK | t.ISTRIP | t.INLCR | t.IGNCR | t.ICRNL | t.IXON)
        oflag &= ~t.OPOST
        lflag &= ~(t.ECHO | t.ECHONL | t.ICANON | t.ISIG | t.IEXTEN)
        cflag = cflag & ~(t.CSIZE | t.PARENB) | t.CS8
        raw_cc = list(cc)
        raw_cc[t.VMIN], raw_cc[t.VTIME] = 1, 0
        self._saved = saved
        t.tcsetattr(self._fd, t.TCSANOW, [iflag, oflag, cflag, lflag, ispeed, ospeed, raw_cc])

    def restore(self) -> None:
        """Back to how the terminal was."""
        saved, self._saved = self._saved, None
        if saved is not None:
            import termios as t

            try:
                t.tcsetattr(self._fd, t.TCSANOW, saved)
            except t.error:
                return  # the terminal is gone, and its modes with it


def size(fd: int = 1) -> tuple[int, int]:
    """(rows, columns) of the terminal at ``fd``; zeros when it is none."""
    try:
        columns, rows = posix.get_terminal_size(fd)
    except OSError:
        return 0, 0
    return rows, columns


NOT_A_TTY = "the input device is not a TTY"


def check_tty(*, stdin_wanted: bool, tty: bool, fd: int = 0) -> None:
    """Refuse a terminal for the container when the caller's input is none (Docker's rule and words)."""
    from berth.cli.streams import is_terminal

    if stdin_wanted and tty and not is_terminal(fd):
        raise InvalidArgument(NOT_A_TTY)
