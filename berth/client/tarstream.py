"""Files as a tar stream, written without the standard ``tarfile``: its headers take ten times as long.

The format is ustar; a name that does not fit gets a pax header before it (POSIX.1-2001).
"""

import posix

from berth.base.errors import BerthError

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
END = bytes(2 * BLOCK)
FILE, LINK, FIFO, DIRECTORY = b"0", b"2", b"6", b"5"
_PIECE = 256 * 1024
_OCTAL_SIZE = 1 << 33
_NAME, _TARGET = 100, 100


def header(
    name: str, *, kind: bytes = FILE, mode: int = 0o644, size: int = 0, mtime: int = 0, target: str = ""
) -> bytes:
    """The blocks before a member's content. Owner is 0:0; ``mtime`` counts seconds."""
    raw = name.encode("utf-8", "surrogateescape")
    raw_target = target.encode("utf-8", "surrogateescape")
    extended = []
    if len(raw) > _NAME or not raw.isascii():
        extended.append(_pax(b"path", raw))
    if len(raw_target) > _TARGET or not raw_target.isascii():
        extended.append(_pax(b"linkpath", raw_target))
    if size >= _OCTAL_SIZE:
        extended.append(_pax(b"size", b"%d" % size))
    before = b""
    if extended:
        content = b"".join(extended)
        before = _block(b"pax", b"x", 0o644, len(content), mtime, b"") + content + padding(len(content))
    return before + _block(raw, kind, mode, size if size < _OCTAL_SIZE else 0, mtime, raw_target)


def _pax(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    total = length + len(str(length))
    total = length + len(str(total))
    return b"%d %s=%s\n" % (total, key, value)


def _block(name: bytes, kind: bytes, mode: int, size: int, mtime: int, target: bytes) -> bytes:
    head = b"%-100b%07o\x000000000\x000000000\x00%011o\x00%011o\x00" % (
        name[:_NAME].ljust(_NAME, b"\0"), mode & 0o7777, size, min(max(mtime, 0), _OCTAL_SIZE - 1),
    )  # fmt: skip
    tail = kind + target[:_TARGET].ljust(_TARGET, b"\0") + b"ustar\x0000"
    block = (head + b"        " + tail).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padding(size: int) -> bytes:
    """What fills the last block of a content."""
    return bytes(-size % BLOCK)


def file_member(path: str, name: str, mode: int) -> "Iterator[bytes]":
    """The file at ``path`` as member ``name``. OSError when it cannot be opened.

    It is not opened through a link; one that became shorter while it was read is an error.
    """
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOFOLLOW | posix.O_NONBLOCK)
    try:
        status = posix.fstat(fd)
        size = left = status.st_size
        start = header(name, mode=mode, size=size, mtime=int(status.st_mtime))
        while left:
            piece = posix.read(fd, min(left, _PIECE))
            if not piece:
                raise BerthError(f"{path}: the file became shorter while it was read")
            left -= len(piece)
            yield start + piece
            start = b""
    finally:
        posix.close(fd)
    yield start + padding(size)


def text_member(name: str, content: bytes, mode: int = 0o644, mtime: int = 0) -> bytes:
    """A whole member from memory."""
    return header(name, mode=mode, size=len(content), mtime=mtime) + content + padding(len(content))
