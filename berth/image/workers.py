"""The daemon's side of the processes that assemble layers: as many as layers are in the making, kept until
the last operation that may want them has ended."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from berth.base import errors
from berth.base.errors import BerthError, Internal
from berth.image.assembly import Assembled
from berth.image.errand import PACKET, Errand, Failure, Permission, Question, Result, decode, encode

_TURN = 8 << 20
_COMMAND = (sys.executable, "-S", "-m", "berth.image.worker")


class _Worker:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = subprocess.Popen(
                _COMMAND,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                process_group=0,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._socket = ours

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
                raise Internal("the process that unpacks a layer has ended before its time")

    def end(self, *, now: bool) -> None:
        """It ends by itself when its socket is closed; ``now`` in the middle of its work."""
        if now:
            self._process.kill()
        self._socket.close()
        self._process.wait()


class Workers:
    """See the module. ``enter`` and ``leave`` bracket an operation; ``assemble`` blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._users = 0

    def enter(self) -> None:
        """Somebody may want layers assembled."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Somebody does no more; the last one takes the idle processes along."""
        with self._lock:
            self._users -= 1
            gone, self._idle = (self._idle, []) if self._users == 0 else ([], self._idle)
        for worker in gone:
            worker.end(now=False)

    def assemble(self, errand: Errand, wait: Callable[[int], int], seen: Callable[[int], None]) -> Assembled:
        """Have a blob assembled while it arrives. Raises what ``assembly.assemble`` does.

        ``wait(position)`` returns how much of it is there, once that is more than ``position``; what it
        raises ends the work.
        """
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker()
        try:
            outcome = worker.run(errand, wait, seen)
        except BaseException as error:
            worker.end(now=True)
            if isinstance(error, OSError):
                raise Internal(f"the process that unpacks a layer: {error}") from error
            raise
        with self._lock:
            kept = self._users > 0
            if kept:
                self._idle.append(worker)
        if not kept:
            worker.end(now=False)
        if isinstance(outcome, Failure):
            raise _error(outcome)
        return outcome


def _error(failure: Failure) -> BerthError:
    kind = getattr(errors, failure.kind, None)
    if kind is None:
        kind = errors.InvalidArgument  # of the kinds that this room adds, all are of that one
    error: BerthError = kind(failure.message, hint=failure.hint)
    return error
