"""Content digests (OCI image-spec, descriptor.md, "Digests"): ``sha256:<64 hex>``."""

import hashlib
from typing import NewType, Protocol

from berth.base.errors import InvalidArgument

Digest = NewType("Digest", str)

_HEX = frozenset("0123456789abcdef")
_LENGTHS = {"sha256": 64, "sha512": 128}


class Hasher(Protocol):
    """What hashlib's objects offer; named so that writers can take one."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


def parse_digest(text: str) -> Digest:
    """Check the form ``algorithm:hex`` and return it as a Digest; InvalidArgument otherwise."""
    algorithm, colon, value = text.partition(":")
    if not colon or _LENGTHS.get(algorithm) != len(value) or not all(c in _HEX for c in value):
        raise InvalidArgument(f"invalid digest {text!r}: expected sha256: and 64 hex digits")
    return Digest(text)


def sha256(data: bytes) -> Digest:
    """The digest of bytes already in memory."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def digest_hex(digest: Digest) -> str:
    """The hex part of a digest."""
    return digest.partition(":")[2]
