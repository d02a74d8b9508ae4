"""A tar reader for streams that may be hostile: bounded, without seeking, byte offsets known.

It reads what Go's archive/tar reads, because that is what wrote nearly all images: ustar, pax, GNU long
names and sparse files, star, v7. Global pax headers are passed over, as Docker does.
"""

from collections.abc import Iterator

from berth.image.tar import header
from berth.image.tar.entry import (
    BLOCK,
    DIRECTORY,
    HARD_LINK,
    HEADER_ONLY,
    REGULAR,
    SYMLINK,
    TarEntry,
    TarError,
)
from berth.image.tar.pax import PaxRecords, parse_pax
from berth.image.tar.source import ByteSource
from berth.image.tar.sparse import SparseMap, check_map, inline_map, old_gnu_map, pax_map

EXTENDED_LIMIT = 1 << 20
"""Largest extended header or long name that is read into memory (Go's limit as well)."""

_ORDINARY_KINDS = frozenset((REGULAR, DIRECTORY, HARD_LINK, SYMLINK))
_REGULAR_KINDS = frozenset(("0", "\0", "7", "S"))
_MAX_ID = (1 << 32) - 2
_NONE = PaxRecords()


class TarReader:
    """Iterate to get the members; ``pieces`` gives the stored data of the member just returned."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._data_end = 0
        self._padded_end = 0

    def __iter__(self) -> Iterator[TarEntry]:
        while (entry := self._next()) is not None:
            yield entry

    def pieces(self) -> Iterator[memoryview]:
        """What is left of the current member's stored data."""
        return self._source.pieces(self._data_end - self._source.position)

    def _next(self) -> TarEntry | None:
        self._source.skip(self._padded_end - self._source.position)
        start = self._source.position
        pax = _NONE
        long_name = long_link = None
        while True:
            block = self._block()
            if block is None:
                if self._source.position - start > 2 * BLOCK:
                    raise TarError("unexpected EOF: the archive is truncated")
                return None
            kind = chr(block[156])
            if kind == "x":
                pax = parse_pax(self._extended(block))
            elif kind == "g":
                self._extended(block)
            elif kind == "L":
                long_name = _c_string(self._extended(block))
            elif kind == "K":
                long_link = _c_string(self._extended(block))
            else:
                return self._member(block, kind, start, pax, (long_name, long_link))

    def _block(self) -> bytes | None:
        """The next header block; None at the end of the archive."""
        block = self._source.take(BLOCK)
        if not block:
            return None
        if len(block) < BLOCK:
            raise TarError("unexpected EOF: the archive is truncated")
        if header.is_zero(block):
            second = self._source.take(BLOCK)
            if second and not header.is_zero(second):
                raise TarError("invalid tar header: data after the end of the archive")
            return None
        header.check(block)
        return block

    def _extended(self, block: bytes) -> bytes:
        size = header.number(block, 124, 12)
        if size > EXTENDED_LIMIT:
            raise TarError(f"invalid tar header: an extended header of {size} bytes is too large")
        padded = -(-size // BLOCK) * BLOCK
        data = self._source.take(padded)
        if len(data) < padded:
            raise TarError("unexpected EOF: the archive is truncated")
        return data[:size]

    def _member(
        self, block: bytes, kind: str, start: int, pax: PaxRecords, long: tuple[str | None, str | None]
    ) -> TarEntry:
        values = pax.values
        name = values.get("path") or long[0] or header.prefixed_name(block)
        size = header.number(block, 124, 12)
        if pax is not _NONE:
            size = pax.number("size", size)
        if kind in HEADER_ONLY:
            size = 0
        if pax is _NONE and kind in _ORDINARY_KINDS:
            return self._ordinary(block, kind, start, name, size, long[1])
        sparse: SparseMap | None = None
        real_size = size
        if kind == "S":
            sparse, real_size = old_gnu_map(block, self._source)
        self._data_end = self._source.position + size
        self._padded_end = self._source.position + -(-size // BLOCK) * BLOCK
        if kind in _REGULAR_KINDS:
            if sparse is None:
                sparse, real_size, size = self._pax_sparse(pax, size)
            name = values.get("GNU.sparse.name") or name
            # Archives older than POSIX mark a directory by the slash alone.
            kind = DIRECTORY if name.endswith("/") and kind != "S" else REGULAR
            if sparse is not None:
                check_map(sparse, size, real_size)
        return TarEntry(
            name=name,
            kind=kind,
            mode=header.number(block, 100, 8) & 0o7777,
            uid=_identity(pax.number("uid", header.number(block, 108, 8))),
            gid=_identity(pax.number("gid", header.number(block, 116, 8))),
            mtime_ns=pax.time_ns("mtime", header.signed_number(block, 136, 12) * 10**9),
            size=size,
            real_size=real_size,
            link=(values.get("linkpath") or long[1] or header.text(block, 157, 100))
            if kind in (HARD_LINK, "2")
            else "",
            major=header.number(block, 329, 8) if kind in "34" else 0,
            minor=header.number(block, 337, 8) if kind in "34" else 0,
            xattrs=pax.xattrs,
            sparse=sparse,
            header_offset=start,
            offset=self._source.position,
        )

    def _ordinary(
        self, block: bytes, kind: str, start: int, name: str, size: int, long_link: str | None
    ) -> TarEntry:
        """As ``_member``, for the great majority: no extended header, nothing special."""
        offset = self._source.position
        self._data_end = offset + size
        self._padded_end = offset + -(-size // BLOCK) * BLOCK
        link = ""
        if kind == REGULAR:
            if name.endswith("/"):
                kind = DIRECTORY
        elif kind != DIRECTORY:
            link = long_link or header.text(block, 157, 100)
        number = header.number
        return TarEntry(
            name,
            kind,
            number(block, 100, 8) & 0o7777,
            _identity(number(block, 108, 8)),
            _identity(number(block, 116, 8)),
            header.signed_number(block, 136, 12) * 10**9,
            size,
            size,
            link,
            0,
            0,
            {},
            None,
            start,
            offset,
        )

    def _pax_sparse(self, pax: PaxRecords, size: int) -> tuple[SparseMap | None, int, int]:
        """(map, real size, stored size without an inline map); the map is None for an ordinary file."""
        real_size = pax.number("GNU.sparse.realsize", pax.number("GNU.sparse.size", size))
        pairs = pax_map(pax)
        if pairs is not None:
            return pairs, real_size, size
        if pax.values.get("GNU.sparse.major") == "1" and pax.values.get("GNU.sparse.minor") == "0":
            pairs, taken = inline_map(self._source, size)
            return pairs, real_size, size - taken
        return None, size, size


def _c_string(data: bytes) -> str:
    end = data.find(0)
    return (data if end < 0 else data[:end]).decode("utf-8", "surrogateescape")


def _identity(value: int) -> int:
    if value > _MAX_ID:
        raise TarError(f"invalid tar header: user or group id {value} is out of range")
    return value
