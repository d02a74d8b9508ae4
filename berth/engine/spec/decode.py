"""JSON as Go's decoder reads it, into typed records.

Docker's clients rely on habits of Go's encoding/json that strict decoders do not share: names match without
regard to case, null means "leave the zero value" wherever it stands, unknown names are ignored. The texts of
the errors are Go's too, since they name the field. One function is built per type and kept.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from berth.base.errors import InvalidArgument

T = TypeVar("T", bound=msgspec.Struct)
Reader = Callable[[object, str], Any]

_INT64 = (-(1 << 63), (1 << 63) - 1)
_UINT64_MAX = (1 << 64) - 1


def decode_json(body: bytes, kind: type[T]) -> T:
    """Decode a request body into the record ``kind``; InvalidArgument as ``parse_json`` and ``read`` do."""
    return read(parse_json(body), kind)


def parse_json(body: bytes) -> object:
    """The JSON of a request body; InvalidArgument in Docker's words when it is empty or malformed."""
    if not body.strip():
        raise InvalidArgument("invalid JSON: got EOF while reading request body")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"invalid JSON: {error}") from None
    except RecursionError:
        raise InvalidArgument("invalid JSON: exceeded max depth") from None


def read(raw: object, kind: type[T], root: str | None = None) -> T:
    """Turn parsed JSON into ``kind``; null at the top is the zero value.

    ``root`` is what error texts call the top (default: the record's name). InvalidArgument names the first
    field whose value has the wrong type.
    """
    value: T = _reader(kind)({} if raw is None else raw, root or kind.__name__)
    return value


@cache
def _reader(kind: type[Any]) -> Reader:
    return _build(inspect.type_info(kind))


def _build(info: inspect.Type) -> Reader:
    """The reader for one type; recursion ends because the records do not contain themselves."""
    if isinstance(info, inspect.Metadata):
        inner = _build(info.type)
        return _one_string(inner) if (info.extra or {}).get("one_string") else inner
    if isinstance(info, inspect.UnionType):
        inner = _build(next(part for part in info.types if not isinstance(part, inspect.NoneType)))
        return lambda raw, path: None if raw is None else inner(raw, path)
    if isinstance(info, inspect.StructType):
        return _struct(info)
    if isinstance(info, inspect.VarTupleType):
        return _sequence(info)
    if isinstance(info, inspect.TupleType):
        return _array(info)
    if isinstance(info, inspect.DictType):
        return _mapping(info)
    if isinstance(info, inspect.IntType):
        return _integer(info)
    if isinstance(info, inspect.StrType):
        return _scalar(str, "string")
    if isinstance(info, inspect.BoolType):
        return _scalar(bool, "bool")
    raise TypeError(f"no reader for {info!r}")


def _struct(info: inspect.StructType) -> Reader:
    kind = info.cls
    name = _go_name(info)
    fields = {
        field.encode_name.lower(): (field.name, field.encode_name, _build(field.type))
        for field in info.fields
    }

    def read_struct(raw: object, path: str) -> Any:
        if not isinstance(raw, dict):
            raise _mismatch(raw, path, name)
        values: dict[str, Any] = {}
        for key, value in raw.items():
            if value is not None and (found := fields.get(key.lower())) is not None:
                attribute, wire, reader = found
                values[attribute] = reader(value, f"{path}.{wire}")
        return kind(**values)

    return read_struct


def _sequence(info: inspect.VarTupleType) -> Reader:
    item, zero, name = _build(info.item_type), _zero(info.item_type), _go_name(info)

    def read_sequence(raw: object, path: str) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            raise _mismatch(raw, path, name)
        return tuple(zero if value is None else item(value, path) for value in raw)

    return read_sequence


def _array(info: inspect.TupleType) -> Reader:
    """Go's fixed arrays: missing items are zero, more than fit are dropped."""
    items, zero, name = [_build(item) for item in info.item_types], _zero(info), _go_name(info)

    def read_array(raw: object, path: str) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            raise _mismatch(raw, path, name)
        given = [item(value, path) for item, value in zip(items, raw, strict=False)]
        return (*given, *zero[len(given) :])

    return read_array


def _mapping(info: inspect.DictType) -> Reader:
    item, zero, name = _build(info.value_type), _zero(info.value_type), _go_name(info)

    def read_mapping(raw: object, path: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise _mismatch(raw, path, name)
        return {key: zero if value is None else item(value, path) for key, value in raw.items()}

    return read_mapping


def _one_string(inner: Reader) -> Reader:
    return lambda raw, path: (raw,) if isinstance(raw, str) else inner(raw, path)


def _integer(info: inspect.IntType) -> Reader:
    low, high = _INT64 if info.ge is None else (0, info.le if info.le is not None else _UINT64_MAX)
    name = _go_name(info)

    def read_integer(raw: object, path: str) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool) or not low <= raw <= high:
            raise _mismatch(raw, path, name)
        return raw

    return read_integer


def _scalar(kind: type[Any], name: str) -> Reader:
    def read_scalar(raw: object, path: str) -> Any:
        if not isinstance(raw, kind):
            raise _mismatch(raw, path, name)
        return raw

    return read_scalar


def _zero(info: inspect.Type) -> Any:
    """Go's zero value of a type, for null inside lists and maps."""
    if isinstance(info, inspect.Metadata):
        return _zero(info.type)
    if isinstance(info, inspect.StructType):
        return info.cls()
    if isinstance(info, inspect.TupleType):
        return tuple(_zero(item) for item in info.item_types)
    zeros: dict[type[inspect.Type], Any] = {
        inspect.VarTupleType: (),
        inspect.DictType: {},
        inspect.IntType: 0,
        inspect.StrType: "",
        inspect.BoolType: False,
    }
    return zeros.get(type(info))


def _go_name(info: inspect.Type) -> str:
    """What Go calls a type, for error texts."""
    if isinstance(info, inspect.Metadata):
        return _go_name(info.type)
    if isinstance(info, inspect.VarTupleType):
        return f"[]{_go_name(info.item_type)}"
    if isinstance(info, inspect.TupleType):
        return f"[{len(info.item_types)}]{_go_name(info.item_types[0])}"
    if isinstance(info, inspect.DictType):
        return f"map[string]{_go_name(info.value_type)}"
    if isinstance(info, inspect.StructType):
        if not info.fields:
            return "struct {}"
        package = {"network": "network", "mounts": "mount"}.get(
            info.cls.__module__.rpartition(".")[2], "container"
        )
        return f"{package}.{info.cls.__name__}"
    if isinstance(info, inspect.IntType):
        return "int64" if info.ge is None else f"uint{(info.le or _UINT64_MAX).bit_length()}"
    return "bool" if isinstance(info, inspect.BoolType) else "string"


def _mismatch(raw: object, path: str, wanted: str) -> InvalidArgument:
    kinds = {str: "string", bool: "bool", list: "array", dict: "object", int: "number", float: "number"}
    found = kinds.get(type(raw), "null")
    if found == "number" and "int" in wanted:
        found = f"number {raw}"
    where = f"Go struct field {path} of type" if "." in path else "Go value of type"
    return InvalidArgument(f"invalid JSON: json: cannot unmarshal {found} into {where} {wanted}")
