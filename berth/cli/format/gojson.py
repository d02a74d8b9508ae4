"""JSON as Go's encoding/json writes it, and raw JSON re-indented without touching its texts.

Inspect prints the daemon's own bytes, only with other white space: numbers and escapes stay as they came.
"""

from typing import Any

from berth.cli.format.rows import Row, json_cells

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_BLANK = " \t\r\n"


def encode_text(text: str, *, html: bool = True) -> str:
    """A quoted string; ``html`` also escapes ``< > &``, which Go does unless told otherwise."""
    plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    if plain and not (html and ("<" in text or ">" in text or "&" in text)):
        return f'"{text}"'
    return '"' + "".join([_encode_char(char, html=html) for char in text]) + '"'


def _encode_char(char: str, *, html: bool) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if html and char in _HTML:
        return _HTML[char]
    code = ord(char)
    if code < 0x20 or code in (0x2028, 0x2029):
        return f"\\u{code:04x}"
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else char


def encode(value: Any, *, html: bool = True, indent: str = "") -> str:
    """Compact JSON, or indented by ``indent`` a level. Maps are sorted by key, structs are not."""
    compact = _encode(value, html=html)
    return indent_raw(compact, indent) if indent else compact


def _encode(value: Any, *, html: bool) -> str:
    from berth.cli.format.template import values as kinds

    if isinstance(value, kinds.Number):
        return str(value)
    if isinstance(value, str):
        return encode_text(value, html=html)
    if value is True or value is False:
        return "true" if value else "false"
    if value is None or value is kinds.MISSING or isinstance(value, kinds.NilPointer):
        return "null"
    if isinstance(value, kinds.NilList | kinds.NilMap):
        return "null"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _encode_float(value)
    if isinstance(value, list):
        return "[" + ",".join([_encode(item, html=html) for item in value]) + "]"
    if isinstance(value, dict):
        return _encode_pairs(((key, value[key]) for key in sorted(value)), html=html)
    if isinstance(value, kinds.Struct):
        return _encode_pairs(_struct_pairs(value), html=html)
    if isinstance(value, kinds.Time):
        return encode_text(value.wire, html=html)
    if isinstance(value, Row):
        return _encode_pairs(sorted(json_cells(value).items()), html=True)
    return encode_text(str(value), html=html)


def _encode_pairs(pairs: Any, *, html: bool) -> str:
    return "{" + ",".join([f"{encode_text(k, html=html)}:{_encode(v, html=html)}" for k, v in pairs]) + "}"


def _struct_pairs(value: Any) -> Any:
    for name, item in value.fields.items():
        wire, omit_empty = value.wire[name]
        if not (omit_empty and _is_empty(item)):
            yield wire, item


def _is_empty(value: Any) -> bool:
    """Go's omitempty: false, 0, nil, and text, lists and maps without content; never a struct."""
    from berth.cli.format.template import values as kinds

    if isinstance(value, kinds.Struct | kinds.Time | Row):
        return False
    return isinstance(value, kinds.NilPointer) or not value


def _encode_float(value: float) -> str:
    size = abs(value)
    if value == int(value) and size < 1e21:
        return str(int(value))
    if size != 0 and (size < 1e-6 or size >= 1e21):
        mantissa, _, exponent = repr(value).partition("e")
        return f"{mantissa}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent)):02d}"
    text = repr(value)
    return f"{value:.20f}".rstrip("0") if "e" in text else text


def tokens(text: str) -> Any:
    """The tokens of a JSON text in order: punctuation, strings with their quotes, and bare words."""
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char in _BLANK:
            at += 1
            continue
        start = at
        if char == '"':
            at = _string_end(text, at)
        elif char in "{}[],:":
            at += 1
        else:
            while at < end and text[at] not in "{}[],: \t\r\n":
                at += 1
        yield text[start:at]


def _string_end(text: str, start: int) -> int:
    at = start + 1
    while True:
        close = text.index('"', at)
        slashes = close
        while text[slashes - 1] == "\\":
            slashes -= 1
        if (close - slashes) % 2 == 0:
            return close + 1
        at = close + 1


def compact_raw(text: str) -> str:
    """``text`` without white space between tokens."""
    return "".join(tokens(text))


def indent_raw(text: str, indent: str = "    ") -> str:
    """``text`` with a line per element, ``indent`` a level; empty objects and arrays stay closed."""
    out: list[str] = []
    level = 0
    opened = False
    for token in tokens(text):
        if opened and token not in "}]":
            out.append("\n" + indent * level)
        if token in ("{", "["):
            out.append(token)
            level += 1
            opened = True
            continue
        if token in ("}", "]"):
            level -= 1
            out.append(token if opened else f"\n{indent * level}{token}")
        elif token == ",":
            out.append(",\n" + indent * level)
        elif token == ":":
            out.append(": ")
        else:
            out.append(token)
        opened = False
    return "".join(out)
