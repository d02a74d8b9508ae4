"""JSON without the standard ``json`` package, whose import costs more than a whole ``ps``.

CPython's own C scanner and encoder (module ``_json``) do the work; where they are missing, ``json`` is
imported after all. Same results either way.
"""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _json: Any
else:
    try:
        import _json
    except ImportError:  # another Python than CPython
        _json = None


class _Context:
    """The attributes that the C scanner reads from its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float

    def __init__(self) -> None:
        self.memo: dict[str, str] = {}


def _slow_loads(text: str) -> "Any":
    import json

    return json.loads(text)


def _slow_dumps(value: "Any") -> str:
    import json

    return json.dumps(value, separators=(",", ":"))


def _make_loads() -> "Callable[[str], Any]":
    if _json is None:
        return _slow_loads
    scan = _json.make_scanner(_Context())

    def loads(text: str) -> "Any":
        stripped = text.strip(" \t\r\n")
        try:
            value, end = scan(stripped, 0)
        except (StopIteration, SystemError):
            # The scanner can word its complaint only when the json package is loaded: let that one speak.
            return _slow_loads(text)
        if end != len(stripped):
            raise ValueError("not JSON: something follows the value")
        return value

    return loads


_loads = _make_loads()


def loads(data: "str | bytes") -> "Any":
    """Parse one JSON document; ValueError when it is none."""
    return _loads(data if isinstance(data, str) else data.decode("utf-8", "replace"))


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(value: "Any") -> str:
    """The compact JSON text of dicts, lists, strings, numbers, booleans and None."""
    if _json is None:
        return _slow_dumps(value)
    sort_keys, skip_keys, allow_nan = False, False, False
    encode = _json.make_encoder(
        None, _refuse, _json.encode_basestring_ascii, None, ":", ",", sort_keys, skip_keys, allow_nan
    )
    return "".join(encode(value, 0))
