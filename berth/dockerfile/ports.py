"""The words of EXPOSE: ``port``, ``from-to``, with ``/protocol``; and forms that Docker only tolerates."""

from typing import NamedTuple

from berth.dockerfile.errors import DockerfileError

_PROTOCOLS = ("tcp", "udp", "sctp")


class Port(NamedTuple):
    """An expanded word: ``exposed`` are ``80/tcp``...; ``mapped`` when an address or host port was in it."""

    exposed: tuple[str, ...]
    protocol: str  # as written, "tcp" without
    mapped: bool


def parse_port(word: str) -> Port:
    """``[[ip:]host:]port[-port][/protocol]``; what is before the port has no effect in EXPOSE."""
    *before, container = word.rsplit(":", 2)
    host = before[-1] if before else ""
    ports, _, protocol = container.partition("/")
    if not ports:
        raise DockerfileError(f"No port specified: {word}<empty>")
    if protocol.lower() not in ("", *_PROTOCOLS):
        raise DockerfileError(f"Invalid proto: {protocol}")
    found = _range(ports)
    if found is None:
        raise DockerfileError(f"Invalid containerPort: {ports}")
    if host and _range(host) is None:
        raise DockerfileError(f"Invalid hostPort: {host}")
    low, high = found
    suffix = protocol.lower() or "tcp"
    exposed = tuple(f"{port}/{suffix}" for port in range(low, high + 1))
    return Port(exposed, protocol or "tcp", mapped=any(before))


def _range(text: str) -> tuple[int, int] | None:
    low, dash, high = text.partition("-")
    numbers = [_number(low), _number(high if dash else low)]
    first, last = numbers
    return (first, last) if 0 <= first <= last <= 0xFFFF else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 8 else -1
