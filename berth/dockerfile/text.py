"""Small things about text that errors and parsers share."""

from collections.abc import Iterable

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b",
            "\f": "\\f", "\v": "\\v"}  # fmt: skip
_FAR = 3  # edits from which a word is no longer a likely slip of another
_BLANKS = str.maketrans("\t\v\f\r", "    ")


def quoted(text: str) -> str:
    """``text`` as Go's ``%q`` prints it, which is how Docker's errors show what was wrong."""
    return '"' + "".join(_ESCAPES.get(char) or _printable(char) for char in text) + '"'


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def blank_separated(text: str, limit: int = -1) -> list[str]:
    """The words between blanks (space, tab, vertical tab, form feed, carriage return; not other spaces)."""
    if limit < 0:
        return [word for word in text.translate(_BLANKS).split(" ") if word]
    head = text.translate(_BLANKS).find(" ")
    if head < 0:
        return [text]
    return [text[:head], text[head:].lstrip(" \t\v\f\r")]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is probably a slip of (at most two edits away), or None."""
    best, best_distance = None, _FAR
    for candidate in known:
        if candidate == word:
            return None
        if abs(len(candidate) - len(word)) < best_distance:
            distance = _distance(word, candidate)
            if distance < best_distance:
                best, best_distance = candidate, distance
    return best


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)``, or nothing."""
    found = nearest(word, known)
    return f" (did you mean {found}?)" if found else ""


def _distance(one: str, other: str) -> int:
    """Edits (insert, delete, change) from one to the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
