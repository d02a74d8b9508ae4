"""Tar headers that every tool reads: ustar, with a pax header in front where ustar's fields are too small."""

from typing import NamedTuple

from berth.image.tar.entry import BLOCK, DIRECTORY, REGULAR

END = bytes(2 * BLOCK)
"""The end of an archive."""

_OCTAL_8 = 0o7777777
_OCTAL_12 = 0o77777777777
_NAME = 100
_OWN_NAME = "PaxHeaders/header"


class Attributes(NamedTuple):
    """What a member belongs to and may; ``mtime`` is seconds since the epoch."""

    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 0


def padding(size: int) -> bytes:
    """What follows ``size`` bytes of content."""
    return bytes(-size % BLOCK)


def header(
    name: str,
    kind: str,
    size: int = 0,
    attributes: Attributes | None = None,
    *,
    link: str = "",
    device: tuple[int, int] = (0, 0),
    xattrs: dict[str, bytes] | None = None,
) -> bytes:
    """The header of one member."""
    attributes = attributes or Attributes()
    raw_name, raw_link = _raw(name), _raw(link)
    records: dict[str, bytes] = {}
    if len(raw_name) > _NAME or not name.isascii():
        records["path"] = raw_name
    if len(raw_link) > _NAME or not link.isascii():
        records["linkpath"] = raw_link
    for key, value, limit in (
        ("size", size, _OCTAL_12),
        ("uid", attributes.uid, _OCTAL_8),
        ("gid", attributes.gid, _OCTAL_8),
        ("mtime", attributes.mtime, _OCTAL_12),
    ):
        if not 0 <= value <= limit:
            records[key] = str(value).encode()
    for key, data in (xattrs or {}).items():
        records[f"SCHILY.xattr.{key}"] = data
    block = _block(raw_name, kind, size, attributes, raw_link, device)
    return (_extended(records) if records else b"") + block


def file(name: str, content: bytes, *, mode: int = 0o644, mtime: int = 0) -> bytes:
    """A whole regular file: header, content, padding."""
    return (
        header(name, REGULAR, len(content), Attributes(mode, mtime=mtime)) + content + padding(len(content))
    )


def directory(name: str, *, mode: int = 0o755, mtime: int = 0) -> bytes:
    """A directory of root's."""
    return header(name.rstrip("/") + "/", DIRECTORY, 0, Attributes(mode, mtime=mtime))


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _extended(records: dict[str, bytes]) -> bytes:
    body = b"".join(_record(key.encode("utf-8", "surrogateescape"), records[key]) for key in sorted(records))
    head = _block(_OWN_NAME.encode(), "x", len(body), Attributes(), b"", (0, 0))
    return head + body + padding(len(body))


def _record(key: bytes, value: bytes) -> bytes:
    """``LENGTH KEY=VALUE\\n``, where LENGTH counts itself."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) > len(str(rest)):
        length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _block(
    name: bytes, kind: str, size: int, attributes: Attributes, link: bytes, device: tuple[int, int]
) -> bytes:
    mode, uid, gid, mtime = attributes
    fields = bytearray(BLOCK)
    fields[0:_NAME] = name[:_NAME].ljust(_NAME, b"\0")
    fields[100:108] = b"%07o\0" % mode
    fields[108:116] = b"%07o\0" % _within(uid, _OCTAL_8)
    fields[116:124] = b"%07o\0" % _within(gid, _OCTAL_8)
    fields[124:136] = b"%011o\0" % _within(size, _OCTAL_12)
    fields[136:148] = b"%011o\0" % _within(mtime, _OCTAL_12)
    fields[148:156] = b" " * 8
    fields[156:157] = kind.encode()
    fields[157:257] = link[:_NAME].ljust(_NAME, b"\0")
    fields[257:265] = b"ustar\x0000"
    fields[329:337] = b"%07o\0" % device[0]
    fields[337:345] = b"%07o\0" % device[1]
    fields[148:156] = b"%06o\0 " % sum(fields)
    return bytes(fields)


def _within(value: int, limit: int) -> int:
    return value if 0 <= value <= limit else 0
