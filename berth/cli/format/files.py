"""Files of the client: read piece by piece, written whole or not at all."""

import os
import stat
from collections.abc import Iterable, Iterator

from berth.base.errors import BerthError

_PIECE = 256 * 1024


def pieces(fd: int) -> Iterator[bytes]:
    """The rest of a descriptor."""
    while piece := os.read(fd, _PIECE):
        yield piece


class FileStream:
    """The rest of a descriptor as a request's stream; a file goes through the kernel alone where it can."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self.fd)


def open_input(path: str) -> int:
    """A descriptor for reading; Go's text when it cannot be opened or is a directory."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BerthError(f"open {path}: {(error.strerror or '').lower()}") from None
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.close(fd)
        raise BerthError(f"read {path}: is a directory")
    return fd


_REFUSED = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link directly"),
    (stat.S_ISFIFO, "a named pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device file"),
    (stat.S_ISBLK, "a block device file"),
)


def check_output(path: str, what: str) -> None:
    """Refuse an output path that could never be written whole, before the daemon is asked for content."""
    folder = os.path.dirname(path) or "."
    try:
        os.stat(folder)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise BerthError(f"{what}: invalid output path: stat {folder}: {reason}") from None
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    for test, name in _REFUSED:
        if test(mode):
            raise BerthError(f"{what}: cannot write to {name}")


def write_whole(path: str, content: Iterable[bytes]) -> None:
    """Write ``path`` (mode 0600) so that it has all of ``content``, or is as it was."""
    folder, name = os.path.split(os.path.abspath(path))
    draft = os.path.join(folder, f".tmp-{name}{os.getpid()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BerthError(f"open {path}: {(error.strerror or '').lower()}") from None
    try:
        try:
            for piece in content:
                view = memoryview(piece)
                while view:
                    view = view[os.write(fd, view) :]
            os.fsync(fd)
        except OSError as error:
            raise BerthError(f"write {path}: {(error.strerror or '').lower()}") from None
        finally:
            os.close(fd)
        os.rename(draft, os.path.join(folder, name))
    except BaseException:
        os.unlink(draft)
        raise
