"""What a template sees: Go's kinds of values, as far as JSON and Docker's API types need them.

=====================  =============================================
Go                     here
=====================  =============================================
string, bool, numbers  ``str``, ``bool``, ``int``, ``float``
json.Number            :class:`Number` (raw JSON is read so)
slice, map             ``list``, ``dict``; of API types :class:`GoList`, :class:`GoMap`
nil slice, nil map     :class:`NilList`, :class:`NilMap`
untyped slice, map     :class:`RawList`, :class:`RawMap`
nil pointer            :class:`NilPointer`
nil interface          ``None``
struct                 :class:`Struct`
time.Time, Duration    :class:`Time`, :class:`Duration`
context of a listing   :class:`berth.cli.format.rows.Row`
no value at all        :data:`MISSING`
=====================  =============================================
"""

from collections.abc import Iterable
from typing import Any

from berth.cli.format.rows import Row


class Number(str):
    """A number of raw JSON, kept as it was written."""

    __slots__ = ()


class GoList(list[Any]):
    """A slice of an API type; ``go_type`` names it in error texts."""

    __slots__ = ("go_type",)

    def __init__(self, items: Iterable[Any], go_type: str) -> None:
        super().__init__(items)
        self.go_type = go_type


class GoMap(dict[str, Any]):
    """A map of an API type; ``zero`` is what ``index`` gives for a key that it lacks."""

    __slots__ = ("go_type", "zero")

    def __init__(self, items: dict[str, Any], go_type: str, zero: Any) -> None:
        super().__init__(items)
        self.go_type = go_type
        self.zero = zero


class NilList(GoList):
    """A typed nil slice: prints ``[]``, encodes as ``null``."""

    __slots__ = ()


class NilMap(GoMap):
    """A typed nil map: prints ``map[]``, encodes as ``null``."""

    __slots__ = ()


class RawList(list[Any]):
    """A slice of untyped JSON (``[]interface {}``)."""

    __slots__ = ()


class RawMap(dict[str, Any]):
    """A map of untyped JSON (``map[string]interface {}``)."""

    __slots__ = ()
    zero = None


def untyped(value: Any) -> Any:
    """Parsed JSON as a template sees it where the API's types are not known."""
    if isinstance(value, dict):
        return RawMap({key: untyped(item) for key, item in value.items()})
    return RawList([untyped(item) for item in value]) if isinstance(value, list) else value


class NilPointer:
    """A typed nil pointer; ``go_type`` is the type it points to."""

    __slots__ = ("go_type",)

    def __init__(self, go_type: str) -> None:
        self.go_type = go_type


class _Missing:
    """The absence of a value: prints ``<no value>``, is false."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()


class Struct:
    """A Go struct: ``fields`` by Go name, ``wire`` its JSON names with whether empty ones are left out."""

    __slots__ = ("fields", "go_type", "pointer", "wire")

    def __init__(
        self,
        go_type: str,
        fields: dict[str, Any],
        wire: dict[str, tuple[str, bool]],
        *,
        pointer: bool = False,
    ) -> None:
        self.go_type = go_type
        self.fields = fields
        self.wire = wire
        self.pointer = pointer


class Duration(int):
    """Nanoseconds that print as ``1m30s``."""

    __slots__ = ()

    def text(self) -> str:
        """Go's rendering: ``1h2m3.5s``, ``250ms``, ``0s``."""
        total = abs(int(self))
        sign = "-" if self < 0 else ""
        if total == 0:
            return "0s"
        if total < 1_000_000_000:
            for name, unit in (("ms", 1_000_000), ("µs", 1_000), ("ns", 1)):
                if total >= unit:
                    return f"{sign}{_decimal(total, unit)}{name}"
        minutes, rest = divmod(total, 60_000_000_000)
        hours, minutes = divmod(minutes, 60)
        text = f"{_decimal(rest, 1_000_000_000)}s"
        if hours:
            return f"{sign}{hours}h{minutes}m{text}"
        return f"{sign}{minutes}m{text}" if minutes else sign + text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")


class Time:
    """A moment as the API wrote it (RFC 3339 with up to nine digits and an offset)."""

    __slots__ = ("wire",)

    def __init__(self, wire: str) -> None:
        self.wire = wire or "0001-01-01T00:00:00Z"

    def text(self) -> str:
        """Go's ``String``: ``2006-01-02 15:04:05.999999999 -0700 MST``; offsets have no zone name."""
        date, _, rest = self.wire.partition("T")
        clock = rest[:8]
        rest = rest[8:]
        fraction = ""
        if rest.startswith("."):
            end = 1
            while end < len(rest) and rest[end].isdigit():
                end += 1
            digits = rest[1:end].rstrip("0")
            fraction = f".{digits}" if digits else ""
            rest = rest[end:]
        zone = rest.replace(":", "")
        offset = "+0000 UTC" if zone in ("Z", "") else f"{zone} {'UTC' if zone == '+0000' else zone}"
        return f"{date} {clock}{fraction} {offset}"


def type_name(value: Any) -> str:
    """The Go type that error texts name."""
    if isinstance(value, Row):
        return value.GO_TYPE
    if isinstance(value, Struct):
        return f"*{value.go_type}" if value.pointer else value.go_type
    if isinstance(value, NilPointer):
        return f"*{value.go_type}"
    if isinstance(value, GoList | GoMap):
        return value.go_type
    if isinstance(value, RawList | RawMap):
        return "[]interface {}" if isinstance(value, RawList) else "map[string]interface {}"
    if isinstance(value, dict):
        return "map[string]string"
    if isinstance(value, list):
        return "[]string"
    for kind, name in _SCALARS:
        if isinstance(value, kind):
            return name
    return "interface {}"


_SCALARS: tuple[tuple[type, str], ...] = (
    (Number, "json.Number"), (str, "string"), (bool, "bool"), (Duration, "time.Duration"),
    (int, "int"), (float, "float64"), (Time, "time.Time"),
)  # fmt: skip


def truth(value: Any) -> bool:
    """Whether ``if`` takes the value for true."""
    if isinstance(value, Row | Struct | Time):
        return True
    if isinstance(value, NilPointer):
        return False
    return bool(value)
