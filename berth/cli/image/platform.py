"""``--platform os[/arch[/variant]]`` as the API wants it."""

from berth.base.errors import InvalidArgument
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

_ARCHITECTURES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm", "i386": "386",
}  # fmt: skip
_VARIANTS = {"armhf": "v7", "armel": "v6", "arm": "v7"}
_COMPONENT = "^[A-Za-z0-9_.-]+$"
_SYSTEMS = frozenset(("linux", "windows", "darwin", "freebsd"))


def parse_platform(text: str) -> "dict[str, Any]":
    """An OCI platform; InvalidArgument when it is none."""
    parts = text.lower().split("/")
    if len(parts) > 3:
        raise InvalidArgument(f'"{text}": cannot parse platform specifier: invalid argument')
    for part in parts:
        if not part or not all(char.isascii() and (char.isalnum() or char in "_.-") for char in part):
            raise InvalidArgument(
                f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                f'"{_COMPONENT}": invalid argument'
            )
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return {"architecture": _machine(), "os": parts[0]}
        parts.insert(0, "linux")
    platform = {"architecture": _ARCHITECTURES.get(parts[1], parts[1]), "os": parts[0]}
    variant = parts[2] if len(parts) > 2 else _VARIANTS.get(parts[1], "")
    if variant and not (platform["architecture"] == "arm64" and variant == "v8"):
        platform["variant"] = variant
    return platform


def platform_flag(what: str, kind: str = "string") -> Flag:
    """The flag of the verbs that can be limited to one platform; ``what`` begins its help."""
    return Flag("platform", "", kind, f'{what} Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")')


def _machine() -> str:
    import posix

    machine = posix.uname().machine
    return _ARCHITECTURES.get(machine, machine)


def platform_query(text: str, name: str = "platform") -> "dict[str, Any] | None":
    """The query argument of calls that take one platform; None when none was given."""
    if not text:
        return None
    try:
        return {name: parse_platform(text)}
    except InvalidArgument as error:
        raise InvalidArgument(f"invalid platform: {error}") from None
