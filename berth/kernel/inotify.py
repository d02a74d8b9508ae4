"""inotify(7) on the event loop: small files that a monitor writes are noticed without polling."""

import asyncio
import ctypes
import os
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple, Self

from berth.kernel.libc import LIBC, check

IN_ACCESS = 0x1
IN_MODIFY = 0x2
IN_ATTRIB = 0x4
IN_CLOSE_WRITE = 0x8
IN_MOVED_FROM = 0x40
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_DELETE_SELF = 0x400
IN_MOVE_SELF = 0x800
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ONLYDIR = 0x01000000
IN_MASK_ADD = 0x20000000

_HEADER = struct.Struct("iIII")
_READ_SIZE = 64 << 10


class Change(NamedTuple):
    """One event: which watch, what (``IN_`` bits), and the file's name when a directory is watched."""

    watch: int
    mask: int
    name: str


class Inotify:
    """A set of watches with one descriptor."""

    def __init__(self) -> None:
        self.fd = check(LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def add(self, path: str | os.PathLike[str], mask: int) -> int:
        """Watch ``path``; the number names the watch in events. Watching a file twice gives the same one."""
        raw = ctypes.c_char_p(os.fsencode(path))
        return check(LIBC.inotify_add_watch(self.fd, raw, ctypes.c_uint32(mask)), os.fspath(path))

    def remove(self, watch: int) -> None:
        """Stop a watch; events already queued may still come."""
        check(LIBC.inotify_rm_watch(self.fd, watch))

    def read_nowait(self) -> list[Change]:
        """The queued events, perhaps none."""
        try:
            data = os.read(self.fd, _READ_SIZE)
        except BlockingIOError:
            return []
        changes = []
        offset = 0
        while offset < len(data):
            watch, mask, _, length = _HEADER.unpack_from(data, offset)
            offset += _HEADER.size
            name = data[offset : offset + length].split(b"\0", 1)[0]
            offset += length
            changes.append(Change(watch, mask, os.fsdecode(name)))
        return changes

    async def wait_changes(self) -> list[Change]:
        """The next events, at least one. One waiter at a time."""
        loop = asyncio.get_running_loop()
        while not (changes := self.read_nowait()):
            ready = loop.create_future()
            loop.add_reader(self.fd, _settle, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self.fd)
        return changes

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            for change in await self.wait_changes():
                yield change

    def close(self) -> None:
        """End all watches; harmless when called twice.

        The kernel closes the descriptor only after a grace period (15 ms measured), which a loop that runs
        leaves to a thread.
        """
        fd, self.fd = self.fd, -1
        if fd < 0:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            os.close(fd)
        else:
            loop.run_in_executor(None, os.close, fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
