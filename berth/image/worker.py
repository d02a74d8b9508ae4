"""The processes that assemble layers for the daemon: ``python -m berth.image.worker``, a socket as its stdin.

The first one only makes others: it has everything imported, so that a process for a layer costs milliseconds.
Each of those does the one errand that comes over the socket that it was made for.

Inflating and digesting let go of Python's lock, and building a layer's tree does not: in a process of its
own it holds up neither the daemon's answers nor the other layers. It ends at once when the daemon does.
"""

import gc
import os
import select
import signal
import socket
import threading
import traceback
from pathlib import Path
from typing import NoReturn

from berth.base.errors import BerthError, Internal, Unavailable
from berth.image.assembly import Assembled, assemble
from berth.image.errand import PACKET, Errand, Failure, Permission, Question, Result, decode, encode
from berth.image.layer.directory import DirectoryForm
from berth.image.layer.erofs_form import ErofsForm
from berth.image.layer.form import LayerForm
from berth.image.limits import Limits

_FORMS: dict[str, LayerForm] = {form.name: form for form in (ErofsForm(), DirectoryForm())}
_PIECE = 1 << 20
_NICE = 10
"""The loop of the daemon needs a processor for a moment, now; these need one for seconds. Priority counts
between processes of one session where the kernel groups them by session, and everywhere else: so they have
a session of their own and less priority."""


class _Blob:
    """Reads what it is allowed to read."""

    def __init__(self, errand: Errand, sock: socket.socket) -> None:
        self._errand = errand
        self._sock = sock
        self._fd = os.open(errand.blob, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._position = self._until = 0

    def next_chunk(self) -> bytes:
        errand = self._errand
        if self._position == errand.size:
            return b""
        if self._position == self._until:
            self._sock.send(encode(Question(self._position)))
            answer = self._sock.recv(PACKET)
            message = decode(answer)
            assert isinstance(message, Permission)
            self._until = message.until
        want = min(_PIECE, self._until - self._position)
        chunk = os.pread(self._fd, want, errand.offset + self._position)
        if not chunk:
            raise Internal(f"{errand.blob} was shortened from outside")
        self._position += len(chunk)
        return chunk

    def close(self) -> None:
        os.close(self._fd)


def _perform(errand: Errand, sock: socket.socket) -> Assembled:
    blob = _Blob(errand, sock)
    try:
        return assemble(
            _FORMS[errand.form],
            blob.next_chunk,
            Path(errand.target),
            Limits(*errand.limits),
            landed=errand.landed,
        )
    finally:
        blob.close()


def _answer(errand: Errand, sock: socket.socket) -> Result | Failure:
    try:
        return Result(_perform(errand, sock))
    except BerthError as error:
        return Failure(type(error).__name__, error.message, error.hint)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Failure(Unavailable.__name__, f"write {errand.target}: {reason}", None)


def _end_with(sock: socket.socket) -> None:
    """In a thread: what is in the making is of no use to anybody once the other end says no more."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    poll.poll()
    os._exit(0)


def _serve(sock: socket.socket) -> None:
    gc.disable()  # the tree of one layer, and then the end
    threading.Thread(target=_end_with, args=(sock,), daemon=True).start()
    if packet := sock.recv(PACKET):
        errand = decode(packet)
        assert isinstance(errand, Errand)
        sock.send(encode(_answer(errand, sock)))


def _serve_and_exit(sock: socket.socket) -> NoReturn:
    try:
        _serve(sock)
    except BaseException:  # noqa: BLE001  # it must not go on as the process that it is a copy of
        traceback.print_exc()
    finally:
        os._exit(0)


def main() -> None:
    """Make a process for every socket that comes, until the daemon closes its own."""
    os.nice(_NICE)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(fileno=0) as wishes:
        while True:
            packet, descriptors, _, _ = socket.recv_fds(wishes, 1, 1)
            if not packet:
                return
            with socket.socket(fileno=descriptors[0]) as sock:
                if os.fork() == 0:
                    wishes.close()
                    _serve_and_exit(sock)


if __name__ == "__main__":
    main()
