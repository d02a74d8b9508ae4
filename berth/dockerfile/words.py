"""Splitting an instruction: keyword, flags, and the forms of its arguments.

Quotes and escapes stay in the words, since ``expand`` must still see them; only flags lose theirs here.
"""

import json

from berth.dockerfile.errors import SyntaxProblem
from berth.dockerfile.text import blank_separated


def split_instruction(line: str, escape: str) -> tuple[str, list[str], str]:
    """Keyword as written, ``--flags`` without quotes, and the rest without outer blanks."""
    parts = blank_separated(line.strip(), 1)
    if len(parts) == 1:
        return parts[0], [], ""
    flags, rest = _split_flags(parts[1], escape)
    return parts[0], flags, rest.strip()


def _split_flags(text: str, escape: str) -> tuple[list[str], str]:
    """The leading words that begin with ``--``; ``--`` alone ends them and is dropped."""
    flags: list[str] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if not text.startswith("--", at):
            return flags, text[at:]
        word, at, blank_ok = _read_flag(text, at, escape)
        if word == "--":
            return flags, text[at:]
        if word or blank_ok:
            flags.append(word)


def _read_flag(text: str, at: int, escape: str) -> tuple[str, int, bool]:
    """One word without its quotes, the index behind it, and whether there were quotes."""
    out: list[str] = []
    quote = ""
    had_quotes = False
    while at < len(text):
        char = text[at]
        if char == quote:
            quote = ""
        elif char == escape:
            out.append(text[at + 1 : at + 2])
            at += 1
        elif quote:
            out.append(char)
        elif char in "'\"":
            quote, had_quotes = char, True
        elif char.isspace():
            break
        else:
            out.append(char)
        at += 1
    return "".join(out), at, had_quotes


def quoted_words(text: str, escape: str) -> list[str]:
    """The words between blanks, where blanks in quotes or behind the escape belong to a word."""
    if escape not in text and "'" not in text and '"' not in text:
        return text.split()
    words: list[str] = []
    word: list[str] = []
    quote = ""
    chars = iter(text)
    for char in chars:
        if char == escape and quote != "'":
            following = next(chars, "")
            if following:  # an escape at the very end is dropped
                word.append(char + following)
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char.isspace():
            if word:
                words.append("".join(word))
                word.clear()
            continue
        elif char in "'\"":
            quote = char
        word.append(char)
    if word:
        words.append("".join(word))
    return words


def json_words(text: str) -> tuple[str, ...] | None:
    """The words of an exec form, None when ``text`` is not valid JSON and so a shell form.

    SyntaxProblem for an array with anything but strings.
    """
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text, parse_int=_other, parse_float=_other, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(word, str) for word in found):
        raise SyntaxProblem("when using JSON array syntax, arrays must be comprised of strings only")
    # Half of a surrogate pair is no text; JSON allows to write one.
    return tuple(word.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for word in found)


def _other(_text: str) -> None:
    """A number, however long: not a string, and that is all that matters."""


def _refuse(text: str) -> None:
    raise ValueError(text)  # NaN and Infinity are not JSON
