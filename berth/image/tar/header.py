"""One 512-byte header block: checksum, numbers and strings (ustar, GNU, star, v7)."""

import zlib

from berth.image.tar.entry import BLOCK, TarError

_KNOWN: dict[bytes, int] = {}
"""Fields that were read before: an archive has few modes, owners and times."""
_KNOWN_LIMIT = 1 << 14
_ZERO = bytes(BLOCK)
_BASE_256 = 0x80
_NEGATIVE_256 = 0xFF


def is_zero(block: bytes) -> bool:
    """Whether this is an end-of-archive block."""
    return block == _ZERO


def text(block: bytes, start: int, length: int) -> str:
    """A string field, up to its first NUL."""
    raw = block[start : start + length]
    end = raw.find(0)
    return (raw if end < 0 else raw[:end]).decode("utf-8", "surrogateescape")


def number(block: bytes, start: int, length: int) -> int:
    """A numeric field: octal digits, or base 256 when the top bit says so."""
    raw = block[start : start + length]
    known = _KNOWN.get(raw)
    return _number(raw, length) if known is None else known


def _number(raw: bytes, length: int) -> int:
    if raw[0] & _BASE_256:
        value = int.from_bytes(raw, "big", signed=raw[0] == _NEGATIVE_256)
        if raw[0] != _NEGATIVE_256:
            value -= _BASE_256 << (8 * (length - 1))
        if value < 0 or value >= 1 << 63:
            raise TarError("invalid tar header: a number is out of range")
        return value
    digits = raw.strip(b" \0")
    if not digits:
        return 0
    try:
        value = int(digits, 8)
    except ValueError:
        raise TarError("invalid tar header: a number is not octal") from None
    if value < 0 or b"_" in digits:
        raise TarError("invalid tar header: a number is not octal")
    if len(_KNOWN) >= _KNOWN_LIMIT:
        _KNOWN.clear()
    _KNOWN[raw] = value
    return value


def signed_number(block: bytes, start: int, length: int) -> int:
    """As ``number``, and negative values in base 256 are allowed (times before 1970)."""
    if block[start] == _NEGATIVE_256:
        return int.from_bytes(block[start : start + length], "big", signed=True)
    return number(block, start, length)


def check(block: bytes) -> None:
    """Verify the checksum, in both ways in which tars have computed it."""
    stored = block[148:156]
    wanted = number(block, 148, 8)
    # Half of Adler's checksum is the sum of the bytes modulo 65521, and fast. Only a sum beyond that, which
    # takes bytes that no honest header has, can be taken for another one; nothing rests on it.
    quick = (zlib.adler32(block) & 0xFFFF) - 1 - sum(stored) + 8 * 0x20
    if quick == wanted:
        return
    unsigned = sum(block) - sum(stored) + 8 * 0x20
    if unsigned == wanted:
        return
    high = sum(1 for byte in block if byte > 127) - sum(1 for byte in stored if byte > 127)
    if unsigned - 256 * high != wanted:
        raise TarError("invalid tar header: the checksum does not match")


def prefixed_name(block: bytes) -> str:
    """The name with ustar's prefix, where the header's format has one."""
    name = text(block, 0, 100)
    if block[257:263] != b"ustar\0":
        return name
    prefix = text(block, 345, 131 if block[508:512] == b"tar\0" else 155)
    return f"{prefix}/{name}" if prefix else name
