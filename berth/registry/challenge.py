"""Challenges of ``WWW-Authenticate`` headers (RFC 9110, section 11.6.1), as text to values and no more."""

from collections.abc import Iterable
from typing import NamedTuple

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Challenge(NamedTuple):
    """``scheme`` in lower case, parameter names too."""

    scheme: str
    parameters: dict[str, str]


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of the given header values; what cannot be read ends its header."""
    found: list[Challenge] = []
    for header in headers:
        found += _parse_one(header)
    return tuple(found)


def _parse_one(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    rest = text.lstrip(" \t,")
    while rest:
        word, rest = _take_token(rest)
        if not word:
            break
        if rest.startswith("=") and found:
            value, rest = _take_value(rest[1:])
            found[-1].parameters[word.lower()] = value
        else:
            found.append(Challenge(word.lower(), {}))
        rest = rest.lstrip(" \t,")
    return found


def _take_token(text: str) -> tuple[str, str]:
    end = 0
    while end < len(text) and text[end] in _TOKEN:
        end += 1
    rest = text[end:]
    # "name = value" is bad form, and met in the wild; a scheme is followed by a space and no equals sign.
    stripped = rest.lstrip(" \t")
    return text[:end], stripped if stripped.startswith("=") else rest


def _take_value(text: str) -> tuple[str, str]:
    text = text.lstrip(" \t")
    if not text.startswith('"'):
        return _take_token(text)
    value: list[str] = []
    position = 1
    while position < len(text):
        char = text[position]
        if char == '"':
            return "".join(value), text[position + 1 :]
        if char == "\\" and position + 1 < len(text):
            position += 1
            char = text[position]
        value.append(char)
        position += 1
    return "".join(value), ""
