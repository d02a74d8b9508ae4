"""Drive a program as a person at a terminal does: type, and wait for what appears, never for time to pass.

``Session`` can stand on a pseudo-terminal (for ``-it``) or on pipes; both wait for content with a bound.
"""

import contextlib
import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

DEFAULT_TIMEOUT = 15.0
CTRL_C, CTRL_D, CTRL_P, CTRL_Q, CTRL_X = b"\x03", b"\x04", b"\x10", b"\x11", b"\x18"


class Session:
    """A running program and the end of the terminal or pipe that a person would hold.

    What ``expect`` has returned is gone; what came after it waits for the next call. Leaving the ``with``
    block hangs up and kills whatever is left.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        tty: bool = True,
        size: tuple[int, int] = (24, 80),
        cwd: str | None = None,
    ) -> None:
        self.argv = list(argv)
        self.tty = tty
        self._pending = b""
        self.seen = b""
        if tty:
            self._master, slave = os.openpty()
            self.resize(*size)
            # setsid makes the terminal the program's controlling one, so that keys become signals.
            self.process = subprocess.Popen(
                ["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, env=dict(env), cwd=cwd
            )
            os.close(slave)
            self._input = self._master
        else:
            output, child_out = os.pipe()
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=child_out,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
            )
            os.close(child_out)
            self._master = output
            assert self.process.stdin is not None
            self._input = self.process.stdin.fileno()

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, data: bytes | str) -> None:
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self._input, data) :]

    def line(self, text: str) -> None:
        """Type a line and the return key."""
        self.send(text + ("\r" if self.tty else "\n"))

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def expect(self, pattern: str | bytes, *, timeout: float = DEFAULT_TIMEOUT) -> re.Match[bytes]:
        """Wait until the output holds the regular expression, and take the output up to its end."""
        compiled = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        deadline = time.monotonic() + timeout
        while True:
            if match := compiled.search(self._pending):
                self._pending = self._pending[match.end() :]
                return match
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(
                    f"{' '.join(self.argv)}: {compiled.pattern!r} did not appear; "
                    f"seen since the last match: {self._pending!r}"
                )

    def shows(self, pattern: str | bytes, *, timeout: float) -> bool:
        """Whether the pattern comes within ``timeout``; for loops that try until the other side is ready."""
        try:
            self.expect(pattern, timeout=timeout)
        except AssertionError:
            return False
        return True

    def rest(self, *, timeout: float = DEFAULT_TIMEOUT) -> bytes:
        """Everything until the program closes its end."""
        deadline = time.monotonic() + timeout
        while self._read(deadline - time.monotonic()):
            pass
        assert self._at_end, (
            f"{' '.join(self.argv)} did not end; seen since the last match: {self._pending!r}"
        )
        taken, self._pending = self._pending, b""
        return taken

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT) -> int:
        """The exit code; output is read on meanwhile so that the program cannot block on a full terminal."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{' '.join(self.argv)} did not exit; seen: {self.seen[-2000:]!r}")
            if not self._read(min(left, 0.05)) and self._at_end:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(min(left, 0.5))
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal window."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    _at_end = False

    def _read(self, timeout: float) -> bool:
        """One read within ``timeout``; False at the end of output or when nothing came."""
        if self._at_end or self._master < 0 or not select.select([self._master], [], [], max(timeout, 0))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # the way Linux says that the last holder of a terminal has gone
                raise
            data = b""
        self._at_end = not data
        self._pending += data
        self.seen += data
        return bool(data)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.hang_up()
