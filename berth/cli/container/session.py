"""The bytes between a terminal (or pipes) and a container, in one poll loop without threads.

States of the input: open, then ended (half closed towards the container, whose output goes on). The
session ends when the container's output ends, when the detach keys are typed, or, for a container whose
output is not attached, when it exits.
"""

import posix
import select

from berth.base.errors import BerthError
from berth.cli.signals import SIGINT, SIGTERM, SIGWINCH, SignalPipe, all_forwardable, name_of
from berth.cli.streams import is_terminal, write_all
from berth.cli.terminal import DetachFilter, RawMode, size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.client.connection import Connection
    from berth.client.response import Response, Takeover

_READ = 32 * 1024
_PENDING_LIMIT = 256 * 1024
_RETRY_MS = 10
_EXIT = 4  # of wire.stdcopy, which only framed streams load
_RESIZE_TRIES = 10


class Detached(BerthError):
    """The detach keys were typed."""

    def __init__(self) -> None:
        super().__init__("read escape sequence")


class Forced(BerthError):
    """The third interrupt: give up whatever the container does."""


class Session:
    """One attachment. Make it before the container starts, so that no signal and no byte is missed.

    ``resize_path`` is where window changes are sent (empty: nowhere); ``signal_path`` where signals are
    sent (empty: they keep their usual effect on this process). With ``stays`` it takes three interrupts to
    end this process where signals are not sent on.
    """

    def __init__(
        self,
        cli: "Cli",
        *,
        tty: bool,
        keys: bytes,
        signal_path: str = "",
        resize_path: str = "",
        stays: bool = False,
    ) -> None:
        self._cli = cli
        self._tty = tty
        self._filter = DetachFilter(keys) if tty else None
        self._signal_path = signal_path
        self._resize_path = resize_path
        self._raw = RawMode(cli.stdin)
        self._stays = stays
        self._interrupts = 0
        self._resizes_left = 0
        self._signals: SignalPipe | None = None
        self._to_send = b""
        self._sink: _Sink | None = None

    @property
    def exit_code(self) -> int | None:
        """The exit code, if the stream ended with it."""
        text = self._sink.exit_text if self._sink is not None else b""
        return int(text) if text.isdigit() else None

    def __enter__(self) -> "Session":
        self._signals = SignalPipe()
        if self._signal_path:
            self._signals.catch(all_forwardable())
        elif self._stays:
            self._signals.catch((SIGINT, SIGTERM))
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.restore()
        if self._signals is not None:
            self._signals.close()
            self._signals = None

    def watch_window(self) -> None:
        """Tell the container the terminal's size now and whenever it changes."""
        assert self._signals is not None
        self._signals.catch((SIGWINCH,))
        self._resizes_left = _RESIZE_TRIES
        self._resize()

    def nudge_window(self) -> None:
        """Resize to one row and column more, so that the true size afterwards makes a program redraw."""
        rows, columns = size(self._cli.out.fd)
        if rows or columns:
            self._send_size(rows + 1, columns + 1)

    def raw_input(self) -> None:
        """Pass keys on as they are; without effect unless standard input is a terminal."""
        if self._tty and is_terminal(self._cli.stdin):
            self._raw.enter()

    def copy(
        self,
        stream: "Takeover",
        *,
        stdin: bool,
        output: bool = True,
        exit_answer: "Response | None" = None,
    ) -> None:
        """Carry bytes until the session ends. Raises Detached.

        ``stdin`` says whether standard input is read. ``exit_answer`` is the answer to a wait request: when
        ``output`` is false the session ends with the container.
        """
        try:
            self._copy(stream, stdin=stdin, output=output, exit_answer=exit_answer)
        finally:
            self._raw.restore()
            stream.connection.close()

    def _copy(self, stream: "Takeover", *, stdin: bool, output: bool, exit_answer: "Response | None") -> None:
        assert self._signals is not None
        connection = stream.connection
        sink = self._sink = _Sink(self._cli, framed=not self._tty)
        sink.take(stream.early)
        if not stdin:
            connection.close_write()
        reading = stdin
        while True:
            poll = select.poll()
            poll.register(self._signals.fileno(), select.POLLIN)
            poll.register(connection.fileno(), select.POLLIN | (select.POLLOUT if self._to_send else 0))
            if reading and len(self._to_send) < _PENDING_LIMIT:
                poll.register(self._cli.stdin, select.POLLIN)
            if exit_answer is not None and exit_answer.fileno() >= 0 and not output:
                poll.register(exit_answer.fileno(), select.POLLIN)
            timeout = 0 if connection.pending() else (_RETRY_MS if self._resizes_left else None)
            events = dict(poll.poll(timeout))
            self._handle_signals(events)
            if self._cli.stdin in events:
                reading = self._read_input()
            if self._to_send and not self._send(connection):
                reading = False
            if stdin and not reading and not self._to_send:
                stdin = False
                connection.close_write()
                if not output:
                    return
            if connection.fileno() in events and events[connection.fileno()] & ~select.POLLOUT:
                if not sink.read(connection):
                    return
            elif connection.pending() and not sink.read(connection):
                return
            if exit_answer is not None and not output and exit_answer.fileno() in events:
                return

    def _handle_signals(self, events: dict[int, int]) -> None:
        assert self._signals is not None
        if self._signals.fileno() in events:
            for number in self._signals.arrived():
                self._on_signal(number)
        elif self._resizes_left:
            self._resize()

    def _on_signal(self, number: int) -> None:
        if number == SIGWINCH and self._resize_path:
            self._resize()
        if number in (SIGINT, SIGTERM):
            self._interrupts += 1
            if self._interrupts >= 3:
                self._raw.restore()
                self._cli.note("\ngot 3 SIGTERM/SIGINTs, forcefully exiting")
                raise Forced("")
        if not self._signal_path:
            return
        try:
            self._cli.client.request("POST", self._signal_path, {"signal": name_of(number)}).close()
        except BerthError:
            return  # the process may be gone already; its exit will be seen as such

    def _resize(self) -> None:
        rows, columns = size(self._cli.out.fd)
        self._resizes_left = max(0, self._resizes_left - 1)
        if not rows and not columns:
            self._resizes_left = 0
            return
        if self._send_size(rows, columns):
            self._resizes_left = 0
        elif self._resizes_left == 0:
            self._cli.note("failed to resize tty, using default size")

    def _send_size(self, rows: int, columns: int) -> bool:
        try:
            self._cli.client.request("POST", self._resize_path, {"h": rows, "w": columns}).close()
        except BerthError:
            return False  # the process may not have its terminal yet
        return True

    def _read_input(self) -> bool:
        """Read what stands ready; false when the input has ended."""
        try:
            data = posix.read(self._cli.stdin, _READ)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            return False
        if self._filter is not None:
            data = self._filter.feed(data)
            if self._filter.detached:
                raise Detached
        self._to_send += data
        return True

    def _send(self, connection: "Connection") -> bool:
        """Send what fits; false when the container takes no more input."""
        try:
            sent = connection.send_some(self._to_send)
        except OSError:
            self._to_send = b""
            return False
        self._to_send = self._to_send[sent:]
        return True


class _Sink:
    """Writes the container's output to standard output and error as it comes."""

    def __init__(self, cli: "Cli", *, framed: bool) -> None:
        self._out, self._err = cli.out.fd, cli.err.fd
        self._demultiplexer = None
        if framed:
            from berth.wire.stdcopy import Demultiplexer

            self._demultiplexer = Demultiplexer()
        self.exit_text = b""
        cli.flush()

    def read(self, connection: "Connection") -> bool:
        """Take what stands ready; false at the end of the stream."""
        try:
            data = connection.receive()
        except OSError:
            return False
        self.take(data)
        return bool(data)

    def take(self, data: bytes) -> None:
        """Write out received bytes."""
        if not data:
            return
        if self._demultiplexer is None:
            write_all(self._out, data)
            return
        for stream, piece in self._demultiplexer.feed(data):
            if stream == _EXIT:
                self.exit_text += piece
                continue
            write_all(self._err if stream >= 2 else self._out, piece)
