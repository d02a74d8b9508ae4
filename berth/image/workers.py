"""The daemon's side of the processes that assemble layers: one for each large layer in the making.

The process that makes them is kept until the last operation that may want one has ended.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import berth
from berth.base import errors
from berth.base.errors import BerthError, Internal
from berth.image.assembly import Assembled
from berth.image.errand import PACKET, Errand, Failure, Permission, Question, Result, decode, encode

_TURN = 8 << 20
_LOST = "the process that unpacks a layer has ended before its time"
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Buffers of a megabyte are used again instead of being given back to the kernel and cleared each time."""
_PATH = [str(Path(berth.__file__).parents[1]), *(path for path in sys.path if path)]
_COMMAND = (sys.executable, "-S", "-m", "berth.image.worker")


class _Nursery:
    """The process that makes the others."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(
                _COMMAND,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(_PATH), **_MALLOC},
                start_new_session=True,  # see _NICE of berth.image.worker
            )
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()

    def worker(self) -> "_Worker":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._socket, [b"!"], [theirs.fileno()])
        return _Worker(ours)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


class _Worker:
    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def run(
        self, errand: Errand, wait: Callable[[int], int], seen: Callable[[int], None]
    ) -> Assembled | Failure:
        self._socket.send(encode(errand))
        while True:
            packet = self._socket.recv(PACKET)
            message = decode(packet) if packet else None
            if isinstance(message, Question):
                seen(message.position)
                until = min(wait(message.position), message.position + _TURN)
                self._socket.send(encode(Permission(until)))
            elif isinstance(message, Result):
                seen(errand.size)
                return message.assembled
            elif isinstance(message, Failure):
                return message
            else:
                raise Internal(_LOST)

    def close(self) -> None:
        """End it, in the middle of its work or not, and return when it is gone."""
        with self._socket as sock, contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(PACKET):
                pass


class Workers:
    """See the module. ``enter`` and ``leave`` bracket an operation; ``assemble`` blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nursery: _Nursery | None = None
        self._users = 0

    def enter(self) -> None:
        """Somebody may want layers assembled."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Somebody does no more."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.close()

    def assemble(self, errand: Errand, wait: Callable[[int], int], seen: Callable[[int], None]) -> Assembled:
        """Have a blob assembled while it arrives, between ``enter`` and ``leave``. Raises what
        ``assembly.assemble`` does.

        ``wait(position)`` returns how much of it is there, once that is more than ``position``; what it
        raises ends the work.
        """
        worker = self._worker()
        try:
            outcome = worker.run(errand, wait, seen)
        except OSError as error:
            raise Internal(_LOST) from error
        finally:
            worker.close()
        if isinstance(outcome, Failure):
            raise _error(outcome)
        return outcome

    def _worker(self) -> _Worker:
        with self._lock:
            try:
                if self._nursery is None:
                    self._nursery = _Nursery()
                return self._nursery.worker()
            except OSError as error:
                self._nursery = None
                raise Internal(f"cannot start a process that unpacks layers: {error}") from error


def _error(failure: Failure) -> BerthError:
    kind = getattr(errors, failure.kind, None)
    if kind is None:
        kind = errors.InvalidArgument  # of the kinds that this room adds, all are of that one
    error: BerthError = kind(failure.message, hint=failure.hint)
    return error
