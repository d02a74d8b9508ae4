"""Constants of the template language: Go's numbers, quoted strings and character constants."""

_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


class ConstantError(Exception):
    """A constant that Go would refuse; the message is the template error's."""


def parse_number(text: str) -> int | float:
    """An integer in any Go base, or a float."""
    plain = text.replace("_", "")
    try:
        sign = -1 if plain[0] == "-" else 1
        digits = plain.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
            return sign * int(digits, 8)
        return sign * int(digits, 0)
    except ValueError:
        pass
    try:
        if plain.lstrip("+-")[:2].lower() == "0x":
            return float.fromhex(plain)
        return float(plain)
    except ValueError:
        raise ConstantError(f"illegal number syntax: {_quoted(text)}") from None


def parse_rune(text: str) -> int:
    """``'x'`` to its code point."""
    try:
        value = _unescape(text[1:-1], "'")
    except ValueError:
        raise ConstantError(f"malformed character constant: {text}") from None
    if len(value) != 1:
        raise ConstantError(f"malformed character constant: {text}")
    return ord(value)


def parse_string(text: str) -> str:
    """A double-quoted or raw string without its quotes."""
    if text[0] == "`":
        return text[1:-1].replace("\r", "")
    try:
        return _unescape(text[1:-1], '"')
    except ValueError:
        raise ConstantError("invalid syntax") from None


def _unescape(text: str, mark: str) -> str:
    if "\\" not in text:
        return text
    out = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char != "\\":
            out.append(char)
            continue
        escape = text[at]
        at += 1
        if escape in _HEX_DIGITS:
            size = _HEX_DIGITS[escape]
            out.append(chr(int(text[at : at + size], 16)))
            at += size
        elif "0" <= escape <= "7":
            out.append(chr(int(text[at - 1 : at + 2], 8)))
            at += 2
        elif escape in _SIMPLE and (escape not in "'\"" or escape == mark):
            out.append(_SIMPLE[escape])
        else:
            raise ValueError(escape)
    return "".join(out)


def _quoted(text: str) -> str:
    from berth.cli.format.text import quote

    return quote(text)
