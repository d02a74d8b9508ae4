"""From a tar member to what a layer does with it: clean paths, whiteouts told from files.

The rules of Docker's unpacking into overlay form (OCI image-spec, layer.md): ``.wh.NAME`` removes NAME
of the layers below and becomes a character device 0/0; ``.wh..wh..opq`` hides everything below its
directory and becomes the attribute ``trusted.overlay.opaque``; other ``.wh..wh.`` names are AUFS's own
and are dropped. The archive's entry for the root itself is dropped too.
"""

from enum import Enum
from typing import NamedTuple

from berth.image.tar.entry import (
    BLOCK_DEVICE,
    CHARACTER,
    DIRECTORY,
    FIFO,
    HARD_LINK,
    REGULAR,
    SYMLINK,
    TarEntry,
    TarError,
)

WHITEOUT_PREFIX = ".wh."
OPAQUE_NAME = ".wh..wh..opq"
OPAQUE_XATTR = "trusted.overlay.opaque"
WHITEOUTS_XATTR = "trusted.overlay.origin"
"""On a directory that no other layer has, overlayfs looks for whiteouts only when this is there; else a
listing would show names that cannot be opened. An empty value says nothing further."""
_AUFS_PREFIX = ".wh..wh."
_OVERLAY_XATTRS = "trusted.overlay."
_NAME_LIMIT = 255
_ODD = frozenset(("", ".", ".."))
_PATH_LIMIT = 4095
_DEVICE_LIMIT = 1 << 20

Parts = tuple[str, ...]


class Kind(Enum):
    """What becomes of a member."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    NODE = "node"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque"
    NOTHING = "nothing"


class Member(NamedTuple):
    """``parts`` is the path below the layer's root; for OPAQUE that of the directory. ``target`` is what a
    hard link points to."""

    kind: Kind
    parts: Parts
    target: Parts = ()


_KINDS = {
    REGULAR: Kind.FILE, DIRECTORY: Kind.DIRECTORY, SYMLINK: Kind.SYMLINK, HARD_LINK: Kind.HARD_LINK,
    CHARACTER: Kind.NODE, BLOCK_DEVICE: Kind.NODE, FIFO: Kind.NODE,
}  # fmt: skip


def clean_path(name: str) -> Parts:
    """Components below the root. TarError when the name points outside or could not exist on a disk."""
    quick = tuple(name.removeprefix("./").rstrip("/").split("/"))
    if len(name) <= _NAME_LIMIT and name.isascii() and _ODD.isdisjoint(quick):
        return quick
    parts: list[str] = []
    for part in name.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                raise TarError(f"invalid tar entry {_short(name)}: it points outside of the layer")
            parts.pop()
            continue
        parts.append(part)
    limited = [len(part.encode("utf-8", "surrogateescape")) for part in parts]
    if limited and (max(limited) > _NAME_LIMIT or sum(limited) + len(limited) > _PATH_LIMIT):
        raise TarError(f"invalid tar entry {_short(name)}: the name is too long")
    return tuple(parts)


def _short(name: str) -> str:
    return repr(name if len(name) <= 200 else name[:200] + "...")


def classify(entry: TarEntry) -> Member:
    """Decide what ``entry`` means for a layer."""
    kind = _KINDS.get(entry.kind)
    if kind is None:
        raise TarError(f"invalid tar entry {_short(entry.name)}: unhandled tar header type {ord(entry.kind)}")
    parts = clean_path(entry.name)
    if not parts:
        if kind is not Kind.DIRECTORY:
            raise TarError(f"invalid tar entry {_short(entry.name)}: the root can only be a directory")
        return Member(Kind.NOTHING, ())
    base = parts[-1]
    if base.startswith(WHITEOUT_PREFIX):
        return _whiteout(entry, parts)
    if kind is Kind.HARD_LINK:
        return Member(kind, parts, clean_path(entry.link))
    if kind is Kind.SYMLINK and not 0 < len(entry.link.encode("utf-8", "surrogateescape")) <= _PATH_LIMIT:
        raise TarError(f"invalid tar entry {_short(entry.name)}: impossible link target")
    if kind is Kind.NODE and (entry.major >= 4096 or entry.minor >= _DEVICE_LIMIT):
        raise TarError(f"invalid tar entry {_short(entry.name)}: impossible device number")
    return Member(kind, parts)


def _whiteout(entry: TarEntry, parts: Parts) -> Member:
    base = parts[-1]
    if base == OPAQUE_NAME:
        return Member(Kind.OPAQUE, parts[:-1])
    if base.startswith(_AUFS_PREFIX):
        return Member(Kind.NOTHING, parts)
    hidden = base[len(WHITEOUT_PREFIX) :]
    if hidden in ("", ".", ".."):
        raise TarError(f"invalid tar entry {_short(entry.name)}: a whiteout of nothing")
    return Member(Kind.WHITEOUT, (*parts[:-1], hidden))


def allowed_xattrs(entry: TarEntry) -> dict[str, bytes]:
    """The extended attributes that a layer keeps; overlayfs's own ones are not the archive's to set."""
    return {name: value for name, value in entry.xattrs.items() if not name.startswith(_OVERLAY_XATTRS)}
