"""API answers as typed values for templates and Go-ordered JSON."""

from collections.abc import Mapping
from typing import Any

from berth.cli.format.api_types import TYPES
from berth.cli.format.template.values import (
    Duration,
    GoList,
    GoMap,
    NilList,
    NilMap,
    NilPointer,
    Struct,
    Time,
    untyped,
)


class _Field:
    """One field of a type: its JSON name, whether an empty one is left out, its kind."""

    __slots__ = ("kind", "name", "omit_empty", "wire")

    def __init__(self, cell: str) -> None:
        name, _, self.kind = cell.partition("=")
        self.omit_empty = name.endswith("?")
        name, _, wire = name.rstrip("?").partition(":")
        self.name = name
        self.wire = wire or name


def _fields(kind: str) -> list[_Field]:
    """The fields of a type, embedded ones (``@type``) in their place."""
    fields: list[_Field] = []
    for cell in TYPES[kind].split():
        fields.extend(_fields(cell[1:]) if cell[0] == "@" else [_Field(cell)])
    return fields


_SCALARS: dict[str, Any] = {"string": "", "bool": False, "float64": 0.0, "any": None}
_INTEGERS = ("int", "uint", "byte")


def typed(value: Any, kind: str) -> Any:
    """Parsed JSON as a value of ``kind`` (Go's spelling); absent JSON gives the kind's zero."""
    if kind[0] == "*":
        return _pointer(value, kind[1:])
    if kind.startswith("[2]"):
        return GoList(value or [0, 0], kind)
    if kind.startswith("[]"):
        if value is None:
            return NilList((), _spelled(kind))
        return GoList([typed(item, kind[2:]) for item in value], _spelled(kind))
    if kind.startswith("map["):
        return _map(value, kind)
    if kind in TYPES:
        return _struct(value or {}, kind, pointer=False)
    if kind == "struct{}":
        return Struct("struct {}", {}, {})
    if kind == "time.Time":
        return Time(value or "")
    if kind == "time.Duration":
        return Duration(value or 0)
    if kind == "any":
        return untyped(value)
    if value is None:
        return 0 if kind.startswith(_INTEGERS) else _SCALARS.get(kind)
    return value


def _spelled(kind: str) -> str:
    """The type's name in error texts."""
    return kind.replace("any", "interface {}").replace("struct{}", "struct {}")


def _pointer(value: Any, kind: str) -> Any:
    if value is None:
        return NilPointer(kind)
    return _struct(value, kind, pointer=True) if kind in TYPES else typed(value, kind)


def _map(value: Any, kind: str) -> GoMap:
    element = kind[kind.index("]") + 1 :]
    zero = typed(None, element)
    if value is None:
        return NilMap({}, _spelled(kind), zero)
    return GoMap({key: typed(item, element) for key, item in value.items()}, _spelled(kind), zero)


def _struct(value: Mapping[str, Any], kind: str, *, pointer: bool) -> Struct:
    fields = _fields(kind)
    values = {field.name: typed(value.get(field.wire), field.kind) for field in fields}
    wire = {field.name: (field.wire, field.omit_empty) for field in fields}
    return Struct(kind, values, wire, pointer=pointer)
