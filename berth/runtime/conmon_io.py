"""The daemon's one connection to a conmon: output comes in, input and terminal sizes go out.

conmon's attach socket (SOCK_SEQPACKET) gives one message per read of the container's output, its first byte
being 2 for stdout and 3 for stderr. While nobody is attached there is no connection, and a detached
container costs the daemon nothing. Two exceptions keep it open: input that ends with its client
(StdinOnce) must be ended by us and not by the loss of the connection.

Paths of sockets are limited to 107 bytes, so the connection goes through a descriptor of the directory.
"""

import asyncio
import contextlib
import os
import socket
from pathlib import Path

from berth.runtime.room import WriteRoom
from berth.runtime.stdio import Attachment, OutputHub, Stdin

_PIPE_TO_STREAM = 1
"""conmon counts 2 and 3 where Docker counts 1 and 2."""
_MESSAGE_LIMIT = 8193
_WRITE_LIMIT = 16 << 10
"""conmon takes at most 32767 bytes of a message and drops the rest."""
_READS_PER_TURN = 32
_INPUT_TAKEN = "input-taken"
"""A mark in the run directory: the container's input ends when the daemon's connection does."""
_SIZE_LIMIT = 1000
"""conmon refuses terminals with more rows or columns."""


class ConmonIO:
    """Streams of one container. ``end_with_client``: StdinOnce without a terminal."""

    def __init__(self, run_dir: Path, *, terminal: bool, stdin: bool, end_with_client: bool) -> None:
        self._run_dir = run_dir
        self._terminal = terminal
        self._has_stdin = stdin
        self._end_with_client = stdin and end_with_client
        self._hub = OutputHub(on_room=self._resume, on_idle=self._idle)
        self._socket: socket.socket | None = None
        self._reading = False
        # A connection of an earlier daemon took the input with it when it was lost.
        self._stdin_open = stdin and not (self._end_with_client and (run_dir / _INPUT_TAKEN).exists())
        self._writing = asyncio.Lock()
        self._room = WriteRoom()

    def attach(self, *, stdin: bool = False, stdout: bool = True, stderr: bool = True) -> Attachment:
        """Join the streams from now on; ends at once when the container has ended."""
        self._connect()
        source: Stdin | None = self if stdin and self._has_stdin else None
        return self._hub.attach(stdout=stdout, stderr=stderr, stdin=source)

    async def write(self, data: bytes) -> None:
        """Standard input. Waits while the container does not read; nothing once the input has ended."""
        async with self._writing:
            view = memoryview(data)
            while view and self._stdin_open and self._socket is not None:
                if not await self._send(self._socket, view[:_WRITE_LIMIT]):
                    return
                view = view[_WRITE_LIMIT:]

    def close_stdin(self) -> None:
        """A client's input has ended: with StdinOnce so does the container's."""
        if self._end_with_client and self._stdin_open:
            self._stdin_open = False
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_WR)
            if self._hub.clients <= 1:
                self._idle()

    async def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size."""
        if self._terminal:
            self.control(f"1 {min(rows, _SIZE_LIMIT)} {min(columns, _SIZE_LIMIT)}\n")

    def control(self, message: str) -> None:
        """Write a line to conmon's control pipe; nothing when conmon is gone."""
        with contextlib.suppress(OSError):
            fd = os.open(self._run_dir / "ctl", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(fd, message.encode("ascii"))
            finally:
                os.close(fd)

    def finish(self) -> None:
        """conmon has ended: hand on what is still in the socket, then end every client's output."""
        if self._socket is None:
            self._hub.finish()
        elif not self._reading:
            self._resume()

    def close(self) -> None:
        """Let go of the connection."""
        self._disconnect()
        self._hub.finish()

    def _connect(self) -> None:
        if self._socket is not None or self._hub.ended:
            return
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        directory = -1
        try:
            directory = os.open(self._run_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            connection.settimeout(0)
            connection.connect(f"/proc/self/fd/{directory}/attach")
        except OSError:
            # conmon is gone, or going: its exit will be noticed, and there is no output to come.
            connection.close()
            self._hub.finish()
            return
        finally:
            if directory >= 0:
                os.close(directory)
        self._socket = connection
        if self._end_with_client and self._stdin_open:
            (self._run_dir / _INPUT_TAKEN).touch()
        self._resume()

    def _idle(self) -> None:
        """The last client has left. An input that must end with us stays connected until it has ended."""
        if not (self._end_with_client and self._stdin_open) and self._hub.clients == 0:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._socket is None:
            return
        self._pause()
        self._room.wake()
        self._socket.close()
        self._socket = None

    def _resume(self) -> None:
        if self._socket is not None and not self._reading:
            self._reading = True
            asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def _pause(self) -> None:
        if self._socket is not None and self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self._socket)

    def _readable(self) -> None:
        connection = self._socket
        if connection is None:
            return
        for _ in range(_READS_PER_TURN):
            try:
                message = connection.recv(_MESSAGE_LIMIT)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._disconnect()
                self._hub.finish()
                return
            if not self._hub.feed(message[0] - _PIPE_TO_STREAM, message[1:]):
                self._pause()
                return

    async def _send(self, connection: socket.socket, data: memoryview) -> bool:
        """Send one message whole; False when conmon reads no more."""
        while True:
            try:
                connection.send(data)
            except BlockingIOError:
                await self._room.wait(connection.fileno())
                if self._socket is not connection:
                    return False
            except OSError:
                self._stdin_open = False
                return False
            else:
                return True
