"""The functions that templates can call: Go's built-in ones and Docker's.

A function gets values already checked against its signature (types as error texts name them: ``string``,
``int``, ``[]string``, ``interface {}``). What it refuses becomes ``error calling NAME: ...``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from berth.cli.format.template.printing import printed, sprint, sprintf, sprintln
from berth.cli.format.template.values import (
    MISSING,
    NilPointer,
    RawList,
    truth,
    type_name,
)

ANY = "interface {}"


class CallError(Exception):
    """A function refused its arguments."""


class Function(NamedTuple):
    """``call`` with ``arguments`` types; with ``variadic`` the last type may repeat, or be absent."""

    call: Callable[..., Any]
    arguments: tuple[str, ...]
    variadic: bool = False


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        if value is MISSING or value is None:
            raise CallError("len of untyped nil")
        if isinstance(value, NilPointer):
            raise CallError("len of nil pointer")
        raise CallError(f"len of type {_pointed(value)}")
    return len(value.encode("utf-8", "surrogateescape")) if isinstance(value, str) else len(value)


def _pointed(value: Any) -> str:
    """The type behind a pointer, as index and len name it."""
    return type_name(value).lstrip("*")


def _index(item: Any, *indexes: Any) -> Any:
    if item is MISSING or item is None:
        raise CallError("index of untyped nil")
    for index in indexes:
        if isinstance(item, NilPointer):
            raise CallError("index of nil pointer")
        if isinstance(item, dict):
            if not isinstance(index, str):
                what = "nil" if index is None or index is MISSING else type_name(index)
                raise CallError(f"value has type {what}; should be string")
            item = item.get(index, _zero_of(item))
        elif isinstance(item, list | str):
            item = _at(item, index)
        else:
            raise CallError(f"can't index item of type {_pointed(item)}")
    return item


def _zero_of(items: dict[str, Any]) -> Any:
    """What Go's map yields for a key that it lacks: the zero of its element type."""
    return getattr(items, "zero", "")


def _at(item: Any, index: Any) -> Any:
    position = _position(index, "index")
    data = item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
    if position < 0 or position > len(data):
        raise CallError(f"index out of range: {position}")
    if position == len(data):
        kind = "string" if isinstance(item, str) else "slice"
        raise CallError(f"reflect: {kind} index out of range")
    return data[position]


def _position(index: Any, verb: str) -> int:
    if index is None or index is MISSING:
        raise CallError(f"cannot {verb} slice/array with nil")
    if isinstance(index, bool) or not isinstance(index, int):
        raise CallError(f"cannot {verb} slice/array with type {type_name(index)}")
    return index


def _slice(item: Any, *bounds: Any) -> Any:
    if item is MISSING or item is None:
        raise CallError("slice of untyped nil")
    if len(bounds) > 3:
        raise CallError(f"too many slice indexes: {len(bounds)}")
    if not isinstance(item, list | str):
        raise CallError(f"can't slice item of type {_pointed(item)}")
    limit = len(item)
    cuts = [_position(bound, "slice") for bound in bounds]
    for cut in cuts:
        if cut < 0 or cut > limit:
            raise CallError(f"index out of range: {cut}")
    start, end = (cuts[0] if cuts else 0), (cuts[1] if len(cuts) > 1 else limit)
    if start > end:
        raise CallError(f"invalid slice index: {start} > {end}")
    return item[start:end]


def _kind(value: Any) -> str:
    for kind, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "string")):
        if isinstance(value, kind):
            return name
    return "other"


def _same(left: Any, right: Any) -> bool:
    left_kind, right_kind = _kind(left), _kind(right)
    if left_kind != right_kind:
        if left not in (None, MISSING) and right not in (None, MISSING):
            raise CallError("incompatible types for comparison")
        return False
    if left_kind != "other":
        return bool(left == right)
    if _nil(left) or _nil(right):
        return _nil(left) and _nil(right)
    for value in (left, right):
        if isinstance(value, list | dict):
            raise CallError(f"non-comparable type {printed(value)}: {type_name(value)}")
    return left is right


def _nil(value: Any) -> bool:
    return value is None or value is MISSING or isinstance(value, NilPointer)


def _equal(left: Any, *others: Any) -> bool:
    if not others:
        raise CallError("missing argument for comparison")
    return any(_same(left, other) for other in others)


def _less(left: Any, right: Any) -> bool:
    left_kind, right_kind = _kind(left), _kind(right)
    if left_kind == "other" or right_kind == "other":
        raise CallError("invalid type for comparison")
    if left_kind != right_kind:
        raise CallError("incompatible types for comparison")
    if left_kind == "bool":
        raise CallError("invalid type for comparison")
    return bool(left < right)


def _json(value: Any) -> str:
    from berth.cli.format.gojson import encode

    return encode(value, html=False)


def _title(text: str) -> str:
    out = []
    previous = " "
    for char in text:
        starts = not (previous.isalnum() or previous == "_") and (previous.isascii() or previous.isspace())
        out.append(char.upper() if starts else char)
        previous = char
    return "".join(out)


def _split(text: str, separator: str) -> list[str]:
    return text.split(separator) if separator else list(text)


def _pad(text: str, before: int, after: int) -> str:
    return " " * before + text + " " * after if text else text


def _truncate(text: str, length: int) -> str:
    return text if len(text) < length else text[:length]


def _html(text: str) -> str:
    for char, entity in (("&", "&amp;"), ('"', "&#34;"), ("'", "&#39;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, entity)
    return text


def _url_query(text: str) -> str:
    safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
    return "".join(
        char if char in safe else "+" if char == " " else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in text
    )


def _javascript(text: str) -> str:
    plain = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\u000A", "<": "\\u003C", ">": "\\u003E"}
    plain |= {"&": "\\u0026", "=": "\\u003D"}
    return "".join(plain.get(char, f"\\u{ord(char):04X}" if ord(char) < 0x20 else char) for char in text)


def _escaping(escape: Callable[[str], str]) -> Function:
    return Function(lambda *values: escape(sprint(values)), (ANY,), variadic=True)


BUILTINS: dict[str, Function] = {
    "html": _escaping(_html),
    "index": Function(_index, (ANY, ANY), variadic=True),
    "js": _escaping(_javascript),
    "len": Function(_length, (ANY,)),
    "not": Function(lambda value: not truth(value), (ANY,)),
    "print": Function(lambda *values: sprint(values), (ANY,), variadic=True),
    "printf": Function(lambda pattern, *values: sprintf(pattern, values), ("string", ANY), variadic=True),
    "println": Function(lambda *values: sprintln(values), (ANY,), variadic=True),
    "slice": Function(_slice, (ANY, ANY), variadic=True),
    "urlquery": _escaping(_url_query),
    "eq": Function(_equal, (ANY, ANY), variadic=True),
    "ge": Function(lambda left, right: not _less(left, right), (ANY, ANY)),
    "gt": Function(lambda left, right: not _less(left, right) and not _same(left, right), (ANY, ANY)),
    "le": Function(lambda left, right: _less(left, right) or _same(left, right), (ANY, ANY)),
    "lt": Function(_less, (ANY, ANY)),
    "ne": Function(lambda left, right: not _same(left, right), (ANY, ANY)),
}
"""Go's own functions, but for ``and`` and ``or``, which evaluate their arguments one by one."""

SHORT_CIRCUIT = ("and", "or")

DOCKER: dict[str, Function] = {
    "join": Function(lambda items, separator: separator.join(items), ("[]string", "string")),
    "json": Function(_json, (ANY,)),
    "lower": Function(str.lower, ("string",)),
    "pad": Function(_pad, ("string", "int", "int")),
    "split": Function(_split, ("string", "string")),
    "title": Function(_title, ("string",)),
    "truncate": Function(_truncate, ("string", "int")),
    "upper": Function(str.upper, ("string",)),
}

HEADERS: dict[str, Function] = {
    "join": Function(lambda text, _: text, ("string", "string")),
    "json": Function(lambda text: text, ("string",)),
    "lower": Function(lambda text: text, ("string",)),
    "split": Function(lambda text, _: text, ("string", "string")),
    "title": Function(lambda text: text, ("string",)),
    "truncate": Function(lambda text, _: text, ("string", "int")),
    "upper": Function(lambda text: text, ("string",)),
}
"""Replacements while a table's header is rendered: a title passes through unchanged."""


def fits(value: Any, wanted: str) -> bool:
    """Whether a value may be given where ``wanted`` is declared."""
    if wanted == ANY:
        return True
    if wanted == "string":
        return type(value) is str
    if wanted == "int":
        return type(value) is int
    if wanted == "[]string":
        return isinstance(value, list) and not isinstance(value, RawList) and type_name(value) == wanted
    return False
