"""Identifiers of containers, exec sessions and networks: 64 hex digits, as in Docker."""

import secrets
from typing import NewType

ContainerId = NewType("ContainerId", str)
ExecId = NewType("ExecId", str)
NetworkId = NewType("NetworkId", str)

ID_LENGTH = 64
SHORT_LENGTH = 12
_HEX = frozenset("0123456789abcdef")


def new_id() -> str:
    """A random identifier whose short form is never all digits (it would be a legal hostname number)."""
    while True:
        value = secrets.token_hex(ID_LENGTH // 2)
        if not value[:SHORT_LENGTH].isdigit():
            return value


def short_id(value: str) -> str:
    """The first twelve hex digits, without a digest's algorithm."""
    return value.removeprefix("sha256:")[:SHORT_LENGTH]


def is_hex(value: str) -> bool:
    """Whether ``value`` could be an identifier or the beginning of one."""
    return 0 < len(value) <= ID_LENGTH and all(c in _HEX for c in value)
