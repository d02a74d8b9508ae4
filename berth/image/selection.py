"""Which of the manifests of an index is meant for a platform. Pure.

The rules are those of containerd's ``platforms`` as dockerd uses them: the operating system and
architecture must be equal; of several the variant decides; a newer ARM runs older variants.
"""

import platform
from collections.abc import Sequence

from berth.base.errors import InvalidArgument
from berth.image.manifest import ATTESTATION_ANNOTATION, Descriptor, Platform

_ARCHITECTURES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386",
    "i686": "386", "armv7l": "arm",
}  # fmt: skip
_SYSTEMS = frozenset(("linux", "windows", "darwin", "freebsd"))
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_DEFAULT_VARIANTS = {"armhf": "v7", "armel": "v6", "armv7l": "v7", "arm": "v7"}


def host_platform() -> Platform:
    """This machine's."""
    machine = platform.machine()
    return Platform(
        os="linux",
        architecture=_ARCHITECTURES.get(machine, machine),
        variant=_DEFAULT_VARIANTS.get(machine, ""),
    )


def parse_platform(text: str) -> Platform:
    """``os[/arch[/variant]]`` or an architecture; InvalidArgument in Docker's words when it is neither."""
    parts = text.split("/")
    if not 1 <= len(parts) <= 3:
        raise InvalidArgument(f'"{text}": cannot parse platform specifier: invalid argument')
    for part in parts:
        if not part or not _WORD.issuperset(part):
            raise InvalidArgument(
                f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                '"^[A-Za-z0-9_-]+$": invalid argument'
            )
    parts = [part.lower() for part in parts]
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return Platform(os=parts[0], architecture=host_platform().architecture)
        parts.insert(0, "linux")
    architecture = _ARCHITECTURES.get(parts[1], parts[1])
    variant = parts[2] if len(parts) > 2 else _DEFAULT_VARIANTS.get(parts[1], "")
    return Platform(os=parts[0], architecture=architecture, variant=_normal(architecture, variant))


def _normal(architecture: str, variant: str) -> str:
    if architecture == "arm64" and variant in ("v8", "8"):
        return ""
    if architecture == "arm" and variant.isdecimal():
        return f"v{variant}"
    return variant


def format_platform(wanted: Platform) -> str:
    """``linux/arm/v7``."""
    return "/".join(part for part in (wanted.os, wanted.architecture, wanted.variant) if part)


def matches(wanted: Platform, offered: Platform) -> bool:
    """Whether something made for ``offered`` is what ``wanted`` asks for."""
    architecture = _ARCHITECTURES.get(offered.architecture, offered.architecture)
    if (wanted.os, wanted.architecture) != (offered.os, architecture):
        return False
    theirs = _normal(architecture, offered.variant)
    return not wanted.variant or not theirs or _rank(theirs) <= _rank(wanted.variant)


def _rank(variant: str) -> int:
    digits = variant.lstrip("v")
    return int(digits) if digits.isdecimal() and len(digits) < 4 else 0


def select(manifests: Sequence[Descriptor], wanted: Platform) -> Descriptor | None:
    """The best entry of an index, the first of equals; None when none fits. Attestations are no images."""
    fitting = [
        entry
        for entry in manifests
        if ATTESTATION_ANNOTATION not in (entry.annotations or {})
        and entry.platform is not None
        and matches(wanted, entry.platform)
    ]
    return max(fitting, key=lambda e: _rank(e.platform.variant) if e.platform else 0, default=None)
