"""What a tar header says, decoded (POSIX.1-2008 pax and ustar, GNU and star extensions, v7)."""

from typing import NamedTuple

from berth.base.errors import InvalidArgument

BLOCK = 512

REGULAR = "0"
HARD_LINK = "1"
SYMLINK = "2"
CHARACTER = "3"
BLOCK_DEVICE = "4"
DIRECTORY = "5"
FIFO = "6"
HEADER_ONLY = frozenset((HARD_LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO))


class TarError(InvalidArgument):
    """The stream is no tar, or a tar that says impossible things."""


class TarEntry(NamedTuple):
    """One member. Names are as in the archive, bytes that are no UTF-8 as surrogates.

    ``size`` is the length of the stored data, which starts at ``offset`` of the archive. A sparse member
    has ``sparse``: (offset in the file, length) of each piece of the stored data, and ``real_size`` is the
    length of the file; otherwise ``real_size`` equals ``size``. ``header_offset`` is where the member's first
    header block starts, extended headers included.
    """

    name: str
    kind: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    real_size: int
    link: str
    major: int
    minor: int
    xattrs: dict[str, bytes]
    sparse: tuple[tuple[int, int], ...] | None
    header_offset: int
    offset: int
