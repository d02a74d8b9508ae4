"""Signals as events of a poll loop: a pipe that becomes readable, and the numbers that arrived."""

import _signal  # type: ignore[import-not-found]  # signal above it imports enum
import posix

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable

SIGINT, SIGTERM, SIGWINCH = 2, 15, 28
# Kept from the container: the child's state, broken pipes, urgent data, and what cannot be caught at all.
_OURS = frozenset((_signal.SIGCHLD, _signal.SIGPIPE, _signal.SIGURG, _signal.SIGKILL, _signal.SIGSTOP))
# Signals that an error in this process raises: forwarding them would only hide the error.
_FAULTS = frozenset((_signal.SIGSEGV, _signal.SIGFPE, _signal.SIGILL, _signal.SIGBUS, _signal.SIGABRT))
_NAMES = {
    getattr(_signal, name): name[3:]
    for name in dir(_signal)
    if name.startswith("SIG") and name[3] != "_" and name not in ("SIGCLD", "SIGPOLL")
}


def name_of(number: int) -> str:
    """``TERM`` for 15; real-time signals as ``RTMIN+n``."""
    if number in _NAMES and number not in (_signal.SIGRTMIN, _signal.SIGRTMAX):
        return str(_NAMES[number])
    low, high = int(_signal.SIGRTMIN), int(_signal.SIGRTMAX)
    if number in (low, high):
        return "RTMIN" if number == low else "RTMAX"
    return f"RTMIN+{number - low}" if number <= (low + high) // 2 else f"RTMAX-{high - number}"


def all_forwardable() -> list[int]:
    """Every signal that is passed on to a container's process."""
    skip = _OURS | _FAULTS
    return [number for number in range(1, int(_signal.NSIG)) if number not in skip and number not in (32, 33)]


class SignalPipe:
    """Catches signals from ``enter`` to ``leave``; only the main thread may use it."""

    __slots__ = ("_before", "_reader", "_wakeup", "_writer")

    def __init__(self) -> None:
        self._reader, self._writer = posix.pipe2(posix.O_NONBLOCK | posix.O_CLOEXEC)
        self._wakeup = _signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before: dict[int, object] = {}

    def catch(self, numbers: "Iterable[int]") -> None:
        """Catch these signals too."""
        for number in numbers:
            if number not in self._before:
                self._before[number] = _signal.signal(number, _ignore)

    def fileno(self) -> int:
        """Readable when a signal has arrived."""
        return self._reader

    def arrived(self) -> list[int]:
        """The signals since the last call, in order."""
        try:
            return list(posix.read(self._reader, 4096))
        except BlockingIOError:
            return []

    def close(self) -> None:
        """Give the signals back to whoever had them."""
        for number, action in self._before.items():
            _signal.signal(number, action)
        _signal.set_wakeup_fd(self._wakeup)
        posix.close(self._reader)
        posix.close(self._writer)


def _ignore(_number: int, _frame: object) -> None:
    """The wakeup pipe tells; the handler itself has nothing to do."""
