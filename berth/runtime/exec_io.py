"""The streams of an exec session: pipes, or a terminal that the runtime hands over or that we hand to it."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import tempfile
import termios
import tty
from pathlib import Path
from typing import Protocol

from berth.kernel.pty import open_pty, set_size
from berth.runtime.room import WriteRoom
from berth.runtime.stdio import Attachment, OutputHub
from berth.wire.stdcopy import STDERR, STDOUT

_READ_SIZE = 64 << 10
_READS_PER_TURN = 16
_SUN_PATH = 107
_ANYBODY = 0o777
_OPOST_ONLCR = termios.OPOST | termios.ONLCR
LINGER_S = 2.0
"""How long output of background processes is still read after the command's end (dockerd's 2 s)."""


class Signalled(Protocol):
    """Whoever must be told of a new size: a runtime between our terminal and the command's."""

    def send_signal(self, number: int) -> None: ...


class ExecIO:
    """See ``stdio.ProcessIO``. Call ``open`` (pipes, or our own terminal) or ``listen`` (theirs) once."""

    def __init__(self, *, terminal: bool, stdin: bool) -> None:
        self._terminal = terminal
        self._wants_stdin = stdin
        self._hub = OutputHub(on_room=self._resume)
        self._readers: dict[int, int] = {}
        self._paused = True  # what a runtime says before the command runs is not the command's output
        self._input = -1
        self._console = -1
        self._listener: socket.socket | None = None
        self._short_directory = ""
        self._size: tuple[int, int] | None = None
        self._writing = asyncio.Lock()
        self._room = WriteRoom()
        self._input_closing = False
        self.resize_target: Signalled | None = None

    def attach(self, *, stdin: bool = False, stdout: bool = True, stderr: bool = True) -> Attachment:
        """Join the streams; attach before the start to miss nothing."""
        return self._hub.attach(
            stdout=stdout, stderr=stderr, stdin=self if stdin and self._wants_stdin else None
        )

    def open(self, size: tuple[int, int] | None) -> dict[int, int]:
        """The descriptors for the runtime (0, 1, 2), to be closed by the caller once it runs."""
        if self._terminal:
            controller, terminal = open_pty(*(size or (0, 0)))
            tty.setraw(terminal)
            attributes = termios.tcgetattr(terminal)
            attributes[1] |= _OPOST_ONLCR
            termios.tcsetattr(terminal, termios.TCSANOW, attributes)
            self._take_console(controller)
            return dict.fromkeys((0, 1, 2), terminal)
        descriptors = {}
        if self._wants_stdin:
            descriptors[0], self._input = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._input, False)
        for number, stream in ((1, STDOUT), (2, STDERR)):
            reader, writer = os.pipe2(os.O_CLOEXEC)
            # So that a command that is not root can open /dev/stdout, which is this pipe.
            os.fchmod(writer, _ANYBODY)
            descriptors[number] = writer
            self._add_reader(reader, stream)
        return descriptors

    def listen(self, directory: Path) -> str:
        """The path of a socket through which the runtime hands over the command's terminal."""
        path = directory / "console"
        if len(os.fsencode(path)) > _SUN_PATH:
            self._short_directory = tempfile.mkdtemp(prefix="berth-")
            path = Path(self._short_directory) / "console"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        listener.bind(str(path))
        listener.listen(1)
        listener.settimeout(0)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept)
        return str(path)

    def release_directory(self) -> None:
        """The command runs, or never will: the socket's path is not needed any more."""
        if self._short_directory:
            with contextlib.suppress(OSError):
                os.unlink(f"{self._short_directory}/console")
                os.rmdir(self._short_directory)
            self._short_directory = ""

    async def write(self, data: bytes) -> None:
        """Standard input; waits while the command does not read, drops it when nobody will."""
        async with self._writing:
            view = memoryview(data)
            while view and (target := self._input) >= 0:
                try:
                    view = view[os.write(target, view) :]
                except BlockingIOError:
                    await self._room.wait(target)
                except OSError:
                    self._close_input()
        if self._input_closing:
            self._close_input()

    def close_stdin(self) -> None:
        """End of input, after what is still being written. A terminal's input never ends, as in Docker."""
        if self._terminal:
            return
        self._input_closing = True
        if not self._writing.locked():
            self._close_input()

    async def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size, also before it exists."""
        self._size = (rows, columns)
        if self._console >= 0:
            with contextlib.suppress(OSError):
                set_size(self._console, rows, columns)
            if self.resize_target is not None:
                self.resize_target.send_signal(signal.SIGWINCH)

    def begin(self) -> None:
        """The command runs: from now on what arrives is its output."""
        self._resume()

    def finish_soon(self) -> None:
        """The command has ended: read what there is; what others keep open is read for two seconds more."""
        if self._readers:
            asyncio.get_running_loop().call_later(LINGER_S, self.close)
        else:
            self.close()

    def close(self) -> None:
        """Close everything and end every client's output. Safe to repeat."""
        for descriptor in tuple(self._readers):
            self._remove_reader(descriptor)
        self._close_listener()
        self._close_input()
        self._hub.finish()

    def _accept(self) -> None:
        """Take the terminal. The listener stays readable until the message has come."""
        if self._listener is None:
            return
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        with connection:
            # The runtime sends right after it has connected.
            connection.settimeout(1)
            try:
                _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
            except OSError:
                descriptors = []
        self._close_listener()
        if descriptors:
            os.set_inheritable(descriptors[0], False)  # noqa: FBT003
            attributes = termios.tcgetattr(descriptors[0])
            attributes[1] |= _OPOST_ONLCR
            termios.tcsetattr(descriptors[0], termios.TCSANOW, attributes)
            self._take_console(descriptors[0])

    def _take_console(self, controller: int) -> None:
        self._console = controller
        os.set_blocking(controller, False)
        if self._size is not None:
            set_size(controller, *self._size)
        self._input = os.dup(controller) if self._wants_stdin else -1
        self._add_reader(controller, STDOUT)

    def _add_reader(self, descriptor: int, stream: int) -> None:
        os.set_blocking(descriptor, False)
        self._readers[descriptor] = stream
        if not self._paused:
            asyncio.get_running_loop().add_reader(descriptor, self._readable, descriptor)

    def _readable(self, descriptor: int) -> None:
        stream = self._readers[descriptor]
        for _ in range(_READS_PER_TURN):
            try:
                data = os.read(descriptor, _READ_SIZE)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.EIO:  # EIO: nobody has the terminal open any more
                    raise
                data = b""
            if not data:
                self._remove_reader(descriptor)
                if not self._readers:
                    self._hub.finish()
                return
            if not self._hub.feed(stream, data):
                self._pause()
                return

    def _pause(self) -> None:
        self._paused = True
        for descriptor in self._readers:
            asyncio.get_running_loop().remove_reader(descriptor)

    def _resume(self) -> None:
        if not self._paused:
            return
        self._paused = False
        for descriptor in self._readers:
            asyncio.get_running_loop().add_reader(descriptor, self._readable, descriptor)

    def _remove_reader(self, descriptor: int) -> None:
        del self._readers[descriptor]
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        if descriptor == self._console:
            self._console = -1
            self._close_input()

    def _close_input(self) -> None:
        if self._input >= 0:
            self._room.wake()
            os.close(self._input)
            self._input = -1

    def _close_listener(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
