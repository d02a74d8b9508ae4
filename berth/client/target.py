"""Request targets: paths and queries in the form that goes on the wire."""

from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


def quote_path(text: str) -> str:
    """A name as one path segment; slashes and colons of image names stay readable."""
    return _quote(text, b"/:@")


def _quote(text: str, keep: bytes) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in _SAFE or byte in keep else f"%{byte:02X}" for byte in data)


def query_string(query: "Mapping[str, Any]") -> str:
    """``?a=1&b=x``: true is 1, false is 0, None is left out, lists repeat, dicts go as JSON."""
    parts: list[str] = []
    for name, value in query.items():
        values = value if isinstance(value, (list, tuple)) else (value,)
        for item in values:
            if item is None:
                continue
            if isinstance(item, bool):
                text = "1" if item else "0"
            else:
                text = dumps(item) if isinstance(item, dict) else str(item)
            parts.append(f"{name}={_quote(text, b'')}")
    return "?" + "&".join(parts) if parts else ""


def filters(pairs: "Iterable[tuple[str, str]]") -> "dict[str, dict[str, bool]] | None":
    """Filters of the command line in Docker's wire form; None when there are none."""
    values: dict[str, dict[str, bool]] = {}
    for name, value in pairs:
        values.setdefault(name, {})[value] = True
    return values or None
