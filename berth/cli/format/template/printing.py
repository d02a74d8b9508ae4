"""Values to text as Go's fmt does: the default form, and the verbs of ``printf``."""

from typing import Any

from berth.cli.format.rows import Row
from berth.cli.format.template.values import MISSING, Duration, NilPointer, Struct, Time, type_name
from berth.cli.format.text import quote

_FLAGS = "+-# 0"


def go_float(value: float, verb: str = "g", precision: int = -1) -> str:
    """Go's shortest form of a float (``%v``), or ``%e %f %g`` with a precision."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if precision >= 0 or verb.lower() != "g":
        return f"{value:.{6 if precision < 0 else precision}{verb}}"
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    power = int(exponent) if exponent else 0
    if not exponent:
        return _plain_or_scientific(value, text)
    if -4 <= power < 21:
        return f"{value:.0f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _plain_or_scientific(value: float, text: str) -> str:
    return text[:-2] if text.endswith(".0") else text


def show(value: Any, *, plus: bool = False, depth: int = 0) -> str:
    """``%v`` (or ``%+v``): ``[a b]``, ``map[k:v]``, ``{f g}``."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, Duration | Time):
        return value.text()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return go_float(value)
    if value is None or isinstance(value, NilPointer):
        return "<nil>"
    if value is MISSING:
        return "<no value>" if depth == 0 else "<nil>"
    if isinstance(value, list):
        return f"[{' '.join(show(item, plus=plus, depth=depth + 1) for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{key}:{show(value[key], plus=plus, depth=depth + 1)}" for key in sorted(value))
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, Struct):
        return _show_struct(value, plus=plus, depth=depth)
    if isinstance(value, Row):
        return f"{{{' '.join(show(cell) for cell in (getattr(value, n)() for n in value.CELLS))}}}"
    return str(value)


def _show_struct(value: Struct, *, plus: bool, depth: int) -> str:
    if value.go_type == "formatter.Platform":
        return _show_platform(value.fields)
    inner = (
        (f"{name}:" if plus else "") + show(item, plus=plus, depth=depth + 1)
        for name, item in value.fields.items()
    )
    return f"{{{' '.join(inner)}}}"


def _show_platform(fields: dict[str, Any]) -> str:
    """``linux(version)/arch/variant``: this type of Docker's client says how it is printed."""
    version = f"({fields['OSVersion']})" if fields["OSVersion"] else ""
    parts = [f"{fields['OS'] or 'unknown'}{version}", fields["Architecture"], fields["Variant"]]
    return "/".join(part for part in parts if part)


def printed(value: Any) -> str:
    """What ``{{value}}`` writes: as ``%v``, but an absent or nil interface value is ``<no value>``."""
    return "<no value>" if value is None else show(value)


def sprint(values: tuple[Any, ...]) -> str:
    """``print``: a blank between neighbours of which neither is a string."""
    out = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out.append(" ")
        out.append(show(_bare(value)))
    return "".join(out)


def sprintln(values: tuple[Any, ...]) -> str:
    """``println``: blanks between all, a newline at the end."""
    return " ".join(show(_bare(value)) for value in values) + "\n"


def _bare(value: Any) -> Any:
    return None if value is MISSING else value


def sprintf(pattern: str, values: tuple[Any, ...]) -> str:
    """``printf`` with Go's flags, width, precision and its ``%!`` complaints."""
    out: list[str] = []
    at = used = 0
    while at < len(pattern):
        percent = pattern.find("%", at)
        if percent < 0:
            out.append(pattern[at:])
            break
        out.append(pattern[at:percent])
        at = percent + 1
        flags = ""
        while at < len(pattern) and pattern[at] in _FLAGS:
            flags += pattern[at]
            at += 1
        width, at, used = _count(pattern, at, values, used)
        precision = -1
        if pattern[at : at + 1] == ".":
            precision, at, used = _count(pattern, at + 1, values, used)
            precision = max(precision, 0)
        if at >= len(pattern):
            out.append("%!(NOVERB)")
            break
        verb = pattern[at]
        at += 1
        if verb == "%":
            out.append("%")
        elif used >= len(values):
            out.append(f"%!{verb}(MISSING)")
        else:
            out.append(_verb(verb, _bare(values[used]), flags, width, precision))
            used += 1
    if used < len(values):
        extra = ", ".join(
            "<nil>" if value is None else f"{type_name(value)}={show(value)}"
            for value in map(_bare, values[used:])
        )
        out.append(f"%!(EXTRA {extra})")
    return "".join(out)


def _count(pattern: str, at: int, values: tuple[Any, ...], used: int) -> tuple[int, int, int]:
    """A width or precision: digits or ``*``; -1 when there is none."""
    if pattern[at : at + 1] == "*":
        if used < len(values) and isinstance(values[used], int):
            return values[used], at + 1, used + 1
        return -1, at + 1, used + 1
    end = at
    while end < len(pattern) and pattern[end].isdigit():
        end += 1
    return (int(pattern[at:end]) if end > at else -1), end, used


def _verb(verb: str, value: Any, flags: str, width: int, precision: int) -> str:
    text = _rendered(verb, value, flags, precision)
    if text is None:
        kind = "<nil>" if value is None else f"{type_name(value)}={show(value)}"
        return f"%!{verb}({kind})"
    if len(text) >= width:
        return text
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and isinstance(value, int | float):
        sign = text[0] if text[0] in "+-" else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _rendered(verb: str, value: Any, flags: str, precision: int) -> str | None:
    """The text before padding; None when the verb does not fit the value."""
    if verb == "T":
        return "<nil>" if value is None else type_name(value)
    if verb == "v":
        return _value_verb(value, flags, precision)
    if value is None:
        return None
    if isinstance(value, Duration | Time) and verb in "sq":
        value = value.text()
    if isinstance(value, bool):
        return show(value) if verb == "t" else None
    if isinstance(value, str):
        return _text_verb(verb, value, flags, precision)
    if isinstance(value, int):
        return _integer_verb(verb, value, flags)
    if isinstance(value, float):
        text = go_float(value, verb, precision) if verb in "eEfFgG" else None
        return f"+{text}" if text is not None and "+" in flags and value >= 0 else text
    if isinstance(value, list) and verb in "sqdxXt":
        items = [_rendered(verb, item, flags, precision) for item in value]
        shown = [
            text if text is not None else f"%!{verb}({type_name(item)}={show(item)})"
            for text, item in zip(items, value, strict=True)
        ]
        return f"[{' '.join(shown)}]"
    return show(value) if verb == "s" else None


def _value_verb(value: Any, flags: str, precision: int) -> str:
    if "#" in flags and isinstance(value, str):
        return quote(value)
    if isinstance(value, float) and precision >= 0:
        return go_float(value, "g", precision)
    text = show(value, plus="+" in flags)
    signed = "+" in flags and type(value) is int and value >= 0
    return f"+{text}" if signed else text


def _text_verb(verb: str, value: str, flags: str, precision: int) -> str | None:
    cut = value if precision < 0 else value[:precision]
    if verb == "s":
        return cut
    if verb == "q":
        return f"`{cut}`" if "#" in flags and "`" not in cut else quote(cut)
    if verb in "xX":
        text = cut.encode("utf-8", "surrogateescape").hex()
        return text.upper() if verb == "X" else text
    return None


def _integer_verb(verb: str, value: int, flags: str) -> str | None:
    forms = {"d": "d", "x": "x", "X": "X", "o": "o", "b": "b"}
    if verb in forms:
        text = format(value, ("#" if "#" in flags and verb != "d" else "") + forms[verb])
    elif verb == "c":
        return chr(value)
    elif verb == "q":
        return f"'{chr(value)}'"
    elif verb == "U":
        return f"U+{value:04X}"
    else:
        return None
    if value >= 0 and "+" in flags:
        return f"+{text}"
    return f" {text}" if value >= 0 and " " in flags else text
