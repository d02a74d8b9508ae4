"""Compression found by looking: gzip, zstd, bzip2, xz or none, as streams whose memory is bounded."""

import bz2
import lzma
from collections.abc import Callable
from typing import Protocol

import zstandard
from isal import igzip_lib

from berth.base.errors import InvalidArgument
from berth.image.tar.source import NextChunk

_PEEK = 6
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_SKIPPABLE = 0x184D2A50
_XZ_MEMORY = 128 << 20
_OUTPUT = 1 << 20
_ZSTD_PIECE = 4096


def detect(head: bytes) -> str:
    """``gzip``, ``zstd``, ``bzip2``, ``xz`` or ``""``, from the first six bytes."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    # A zstd file may begin with a skippable frame (RFC 8878, section 3.1.2); pzstd writes them.
    if len(head) >= 4 and int.from_bytes(head[:4], "little") & 0xFFFFFFF0 == _SKIPPABLE:
        return "zstd"
    return ""


class _Engine(Protocol):
    """One compressed member, as bz2 and lzma have it: bounded output, what is left over is kept."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _ZstdEngine:
    """zstandard's frame object under bz2's interface.

    The library has no bound for the output of one call; a block of 4 input bytes may become 128 KiB
    (RFC 8878, section 3.1.1.2.2), so that small pieces are what keeps a bomb at 128 MiB. Its file-like
    reader has bounds, but takes a truncated frame for a whole one.
    """

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._pending = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return not self._pending and not self.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._pending

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        pending = memoryview(self._pending + data)
        out: list[bytes] = []
        size = at = 0
        while at < len(pending) and (max_length < 0 or size < max_length) and not self._frame.eof:
            piece = self._frame.decompress(pending[at : at + _ZSTD_PIECE])
            at += _ZSTD_PIECE
            size += len(piece)
            out.append(piece)
        self._pending = bytes(pending[at:])
        return b"".join(out)


def _gzip() -> _Engine:
    engine: _Engine = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
    return engine


def _xz() -> _Engine:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


_ENGINES: dict[str, Callable[[], _Engine]] = {
    "gzip": _gzip, "bzip2": bz2.BZ2Decompressor, "xz": _xz, "zstd": _ZstdEngine,
}  # fmt: skip
_DAMAGE = (
    lzma.LZMAError,
    zstandard.ZstdError,
    igzip_lib.IsalError,
    OSError,
    EOFError,
)


class Inflow:
    """Chunks as they come in, plain chunks as they go out; ``method`` is what was found.

    Several members after one another are one stream, as gzip(1) and pigz have it. Zero bytes after the last
    member are passed over.
    """

    def __init__(self, next_chunk: NextChunk) -> None:
        self._source = next_chunk
        head = b""
        while len(head) < _PEEK and (chunk := next_chunk()):
            head += chunk
        self._head = head
        self.method = detect(head)
        self._engine = _ENGINES[self.method]() if self.method else None

    def next_chunk(self) -> bytes | memoryview:
        """The next plain bytes, empty at the end. InvalidArgument when the compressed data are damaged."""
        if self._engine is None:
            return self._raw()
        while True:
            data, more = self._step(self._engine)
            if data or not more:
                return data

    def _raw(self) -> bytes | memoryview:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._source()

    def _step(self, engine: _Engine) -> tuple[bytes, bool]:
        """Some plain bytes, and whether there may be more."""
        if not engine.eof:
            fresh = bytes(self._raw()) if engine.needs_input else b""
            if engine.needs_input and not fresh:
                raise InvalidArgument(f"damaged {self.method} data: unexpected end")
            return self._decompress(engine, fresh), True
        rest = engine.unused_data or bytes(self._raw())
        if not rest:
            return b"", False
        if not rest.strip(b"\0"):
            self._expect_zeros()
            return b"", False
        self._engine = _ENGINES[self.method]()
        return self._decompress(self._engine, rest), True

    def _decompress(self, engine: _Engine, data: bytes) -> bytes:
        try:
            return engine.decompress(data, _OUTPUT)
        except _DAMAGE as error:  # type: ignore[misc]  # isal's stub calls its error class an instance
            raise InvalidArgument(f"damaged {self.method} data: {error}") from error

    def _expect_zeros(self) -> None:
        while rest := bytes(self._raw()):
            if rest.strip(b"\0"):
                raise InvalidArgument(f"damaged {self.method} data: trailing garbage")
