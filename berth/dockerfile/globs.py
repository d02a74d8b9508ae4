"""The patterns of ``${name#pattern}``, ``%`` and ``/``: ``*`` any text, ``?`` one character, ``\\`` protects.

Matched without a regular expression, by the nearest (or, at the end, farthest) occurrence of what stands
between two stars, so that no pattern takes more than pattern times text. Rules: POSIX shell, no brackets.
"""

from typing import NamedTuple

_WORK_LIMIT = 1 << 24  # characters of pattern times characters of text: about a second
_SIZE_LIMIT = 1 << 20  # characters of a result


class PatternError(ValueError):
    """The pattern is wrong, or its application would be too much work."""


class _Piece(NamedTuple):
    """What stands between two stars; None is ``?``."""

    chars: tuple[str | None, ...]
    literal: str | None  # the same as text when there is no ``?`` in it

    def at(self, text: str, start: int) -> bool:
        if self.literal is not None:
            return text.startswith(self.literal, start)
        if start + len(self.chars) > len(text):
            return False
        return all(char is None or text[start + i] == char for i, char in enumerate(self.chars))

    def first(self, text: str, start: int) -> int:
        """Where it occurs at ``start`` or later, -1 when nowhere."""
        if self.literal is not None:
            return text.find(self.literal, start)
        ends = len(text) - len(self.chars) + 1
        return next((at for at in range(start, ends) if self.at(text, at)), -1)

    def last(self, text: str, start: int) -> int:
        """Where it occurs last, but not before ``start``."""
        if self.literal is not None:
            return text.rfind(self.literal, start)
        begin = len(text) - len(self.chars)
        return next((at for at in range(begin, start - 1, -1) if self.at(text, at)), -1)


def _compile(pattern: str) -> list[_Piece]:
    pieces: list[list[str | None]] = [[]]
    chars = iter(pattern)
    for char in chars:
        if char == "*":
            pieces.append([])
        elif char == "?":
            pieces[-1].append(None)
        elif char == "\\":
            protected = next(chars, "")
            if not protected or protected not in "*?\\}/":
                raise PatternError(f"invalid escape '\\{protected}'")
            pieces[-1].append(protected)
        else:
            pieces[-1].append(char)
    return [_Piece(tuple(p), None if None in p else "".join(c or "" for c in p)) for p in pieces]


def _pieces(pattern: str, text: str) -> list[_Piece]:
    if len(pattern) * len(text) > _WORK_LIMIT:
        raise PatternError("too long for its value")
    return _compile(pattern)


def _end(pieces: list[_Piece], text: str, start: int, *, longest: bool) -> int:
    """Where a match that begins at ``start`` ends, -1 for no match."""
    if not pieces[0].at(text, start):
        return -1
    at = start + len(pieces[0].chars)
    for index, piece in enumerate(pieces[1:], start=2):
        found = piece.last(text, at) if longest and index == len(pieces) else piece.first(text, at)
        if found < 0:
            return -1
        at = found + len(piece.chars)
    return at


def without_prefix(text: str, pattern: str, *, longest: bool) -> str:
    """``text`` without the shortest or longest beginning that matches."""
    end = _end(_pieces(pattern, text), text, 0, longest=longest)
    return text if end < 0 else text[end:]


def without_suffix(text: str, pattern: str, *, longest: bool) -> str:
    """``text`` without the shortest or longest end that matches: the same, seen in a mirror."""
    mirrored = [
        _Piece(piece.chars[::-1], None if piece.literal is None else piece.literal[::-1])
        for piece in reversed(_pieces(pattern, text))
    ]
    end = _end(mirrored, text[::-1], 0, longest=longest)
    return text if end < 0 else text[: len(text) - end]


def replace(text: str, pattern: str, replacement: str, *, everywhere: bool) -> str:
    """``text`` with the first match, or every match, replaced; each is the leftmost, and then the longest.

    An empty pattern matches before each character and at the end.
    """
    pieces = _pieces(pattern, text)
    out: list[str] = []
    size = at = 0
    previous = -1  # where the last match ended, unless it was empty: no empty match follows it at once
    while at <= len(text):
        start = pieces[0].first(text, at)
        # A later start leaves less room for the rest: when the first does not match, none does.
        end = _end(pieces, text, start, longest=True) if start >= 0 else -1
        if end < 0:
            break
        out.append(text[at:start])
        if end > start or start != previous:
            out.append(replacement)
            size += len(replacement)
            if size > _SIZE_LIMIT:
                raise PatternError("the result is too long")
            if not everywhere:
                at = end
                break
        if end > start:
            previous = at = end
        else:
            out.append(text[start : start + 1])
            at = start + 1
    out.append(text[at:])
    return "".join(out)
