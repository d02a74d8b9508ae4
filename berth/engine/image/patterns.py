"""Patterns of the ``reference`` filter: Go's ``path.Match``, where ``*`` and ``?`` stop at a slash."""

import re
from functools import lru_cache

from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef


def matches(pattern: str, ref: ImageRef) -> bool:
    """Whether the reference fits: as people type it or in full, with tag or without."""
    compiled = _compiled(pattern)
    texts = (ref.familiar, ref.familiar_name, str(ref), ref.repository)
    return any(compiled.fullmatch(text) for text in texts)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    rest = pattern
    while rest:
        char, rest = rest[0], rest[1:]
        if char == "*":
            parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "[":
            inner, bracket, rest = rest.partition("]")
            if not bracket or not inner.lstrip("^"):
                raise InvalidArgument("syntax error in pattern")
            negated = "^" if inner.startswith("^") else ""
            parts.append(f"[{negated}{re.escape(inner.removeprefix('^')).replace(chr(92) + '-', '-')}]")
        elif char == "\\":
            if not rest:
                raise InvalidArgument("syntax error in pattern")
            parts.append(re.escape(rest[0]))
            rest = rest[1:]
        else:
            parts.append(re.escape(char))
    try:
        return re.compile("".join(parts))
    except re.error:
        raise InvalidArgument("syntax error in pattern") from None
