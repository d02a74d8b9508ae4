"""Variables and quotes in the words of a Dockerfile: ``$name``, ``${name...}``, ``'``, ``"`` and the escape.

``${name}`` takes ``:-`` ``-`` ``:+`` ``+`` ``:?`` ``?`` (shell meaning), ``#`` ``##`` ``%`` ``%%`` (without a
prefix or suffix), ``/`` ``//`` (replace the first or every match). Errors are worded as BuildKit's, behind
``failed to process "TEXT": ``.

Every part of a text is read once, nesting is limited, and so is the size of a result: a few lines of
``ENV A=$A$A`` cannot fill the memory.
"""

from collections.abc import Callable
from typing import NamedTuple

from berth.dockerfile import globs
from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.text import quoted

Lookup = Callable[[str], str | None]

_DEPTH_LIMIT = 50
_SIZE_LIMIT = 1 << 20  # characters; the kernel takes no longer argument or variable than 128 KiB
_SPECIAL_PARAMETERS = "@*#?-$!0"


class Expansion(NamedTuple):
    """What a text became, and the variables that it named: ``found`` had a value, ``missing`` had none."""

    text: str
    words: tuple[str, ...]
    found: frozenset[str]
    missing: frozenset[str]


class Keep(NamedTuple):
    """What a pass leaves in the text: a parser looks at words whose values are not known yet."""

    quotes: bool = False
    escapes: bool = False
    unset: bool = False
    quoting: bool = False  # quotes are ordinary characters, as in the body of a heredoc


_REPLACE_ALL = Keep()


def expand_word(text: str, lookup: Lookup, escape: str = "\\") -> str:
    """``text`` as one word: variables replaced, quotes and escapes removed, blanks kept."""
    if not _is_special(text, escape):
        return text
    return expand(text, lookup, escape).text


def expand_words(text: str, lookup: Lookup, escape: str = "\\") -> list[str]:
    """As ``expand_word``, then split at blanks that are not quoted; empty words vanish."""
    return list(expand(text, lookup, escape).words)


def expand_body(text: str, lookup: Lookup) -> str:
    """The body of a heredoc of COPY or ADD: quotes are text, and the escape is always a backslash."""
    if "$" not in text and "\\" not in text:
        return text
    return expand(text, lookup, keep=Keep(quoting=True)).text


def expand(text: str, lookup: Lookup, escape: str = "\\", keep: Keep = _REPLACE_ALL) -> Expansion:
    """The whole answer. DockerfileError, without a line, when ``text`` is not well formed."""
    reader = _Reader(text, lookup, escape, keep)
    try:
        whole, words = reader.read(None, raw=keep.escapes)
    except _BadError as error:
        raise DockerfileError(f"failed to process {quoted(text)}: {error}") from None
    return Expansion(whole, tuple(words), frozenset(reader.found), frozenset(reader.missing))


def _is_special(text: str, escape: str) -> bool:
    return "$" in text or escape in text or "'" in text or '"' in text


class _BadError(Exception):
    """Why a text is not well formed."""


class _Words:
    """Collects words: blanks separate unless they came quoted."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        self._parts.append(text)

    def end(self) -> None:
        if self._parts:
            word = "".join(self._parts)
            self._parts.clear()
            if word:
                self.done.append(word)

    def add_split(self, text: str) -> None:
        """A value: its blanks separate words."""
        pieces = text.split()
        if not pieces or text[0].isspace():
            self.end()
        for index, piece in enumerate(pieces):
            if index:
                self.end()
            self.add(piece)
        if pieces and text[-1].isspace():
            self.end()


class _Reader:
    """One pass over one text, with its position."""

    def __init__(self, text: str, lookup: Lookup, escape: str, keep: Keep) -> None:
        self.found: set[str] = set()
        self.missing: set[str] = set()
        self._text = text
        self._at = 0
        self._lookup = lookup
        self._escape = escape
        self._keep = keep
        self._depth = 0
        self._size = 0
        self._plain_stop = "$<" + escape + ("" if keep.quoting else "'\"")

    # The text, from character to character ("" at the end).

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        return char

    def read(self, stop: str | None, *, raw: bool) -> tuple[str, list[str]]:
        """From here to ``stop``, which is consumed; with ``raw`` escapes stay in the text."""
        out: list[str] = []
        words = _Words()
        while char := self._peek():
            if char == stop:
                self._at += 1
                words.end()
                return "".join(out), words.done
            if char == "$":
                value = self._dollar(raw=raw)
                out.append(value)
                if value:
                    words.add_split(value)
                continue
            if char == "<":
                piece = self._heredoc_mark()
            elif char in "'\"" and not self._keep.quoting:
                piece = self._single() if char == "'" else self._double(raw=raw)
            elif char == self._escape:
                self._at += 1
                piece = (char if raw else "") + self._next()
            else:
                piece = self._plain(stop)
                if char.isspace():
                    words.end()
                    out.append(piece)
                    continue
            out.append(piece)
            words.add(piece)
        if stop is not None:
            raise _BadError(f"unexpected end of statement while looking for matching {stop}")
        words.end()
        return "".join(out), words.done

    def _plain(self, stop: str | None) -> str:
        """A run of characters without meaning, all blank or none."""
        text, start = self._text, self._at
        blank = text[start].isspace()
        at = start + 1
        while (
            at < len(text)
            and text[at] not in self._plain_stop
            and text[at] != stop
            and text[at].isspace() == blank
        ):
            at += 1
        self._at = at
        return text[start:at]

    def _heredoc_mark(self) -> str:
        """``<<`` keeps the blanks behind it: ``<< EOF`` is one word."""
        self._at += 1
        if self._peek() != "<":
            return "<"
        start = self._at = self._at + 1
        while (char := self._peek()) and char in "\t\r ":
            self._at += 1
        return "<<" + self._text[start : self._at]

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._at = len(self._text)
            raise _BadError("unexpected end of statement while looking for matching single-quote")
        start, self._at = self._at, end + 1
        return self._text[start : end + 1] if self._keep.quotes else self._text[start + 1 : end]

    def _double(self, *, raw: bool) -> str:
        mark = '"' if self._keep.quotes else ""
        self._at += 1
        out = [mark]
        while char := self._peek():
            if char == '"':
                self._at += 1
                out.append(mark)
                return "".join(out)
            if char == "$":
                out.append(self._dollar(raw=raw))
                continue
            self._at += 1
            if char == self._escape:
                if raw:
                    out.append(char)
                following = self._peek()
                if not following:
                    continue
                if following in ('"', "$", self._escape):
                    char = self._next()
            out.append(char)
        raise _BadError("unexpected end of statement while looking for matching double-quote")

    def _dollar(self, *, raw: bool) -> str:
        self._at += 1
        if self._peek() == "{":
            self._depth += 1
            if self._depth > _DEPTH_LIMIT:
                raise _BadError("syntax error: substitutions are nested too deep")
            self._at += 1
            value = self._braces()
            self._depth -= 1
        else:
            name = self._name()
            if not name:
                return "$"
            found = self._value_of(name)
            value = f"${name}" if found is None and self._keep.unset else found or ""
        self._size += len(value)
        if self._size > _SIZE_LIMIT:
            raise _BadError("the result is too long")
        return value

    def _name(self) -> str:
        """Letters, digits and ``_``; or digits alone; or one special character; or nothing."""
        text, start = self._text, self._at
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self._at += 1
        elif first and first in _SPECIAL_PARAMETERS:
            self._at += 1
        else:
            while (char := self._peek()) and (char == "_" or char.isalpha() or char.isdecimal()):
                self._at += 1
        return text[start : self._at]

    def _value_of(self, name: str) -> str | None:
        value = self._lookup(name)
        (self.missing if value is None else self.found).add(name)
        return value

    def _braces(self) -> str:
        """Behind ``${``, up to and with ``}``."""
        if not self._peek():
            raise _BadError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise _BadError("syntax error: bad substitution")
        start = self._at
        name = self._name()
        sign = self._next()
        if sign == "}":
            value = self._value_of(name)
        elif sign == "/":
            value = self._replacing(name)
        else:
            value = self._modified(name, sign)
        if value is None:
            return "${" + self._text[start : self._at] if self._keep.unset else ""
        return value

    def _until(self, stop: str, missing: str, *, raw: bool) -> str:
        try:
            return self.read(stop, raw=raw)[0]
        except _BadError:
            if self._at >= len(self._text):
                raise _BadError(f"syntax error: missing {missing}") from None
            raise

    def _modified(self, name: str, sign: str) -> str | None:
        """``:-`` and its kin; None stands for "unset, and kept as it is"."""
        or_empty = sign == ":"
        kind = self._next() if or_empty else sign
        modifier = sign + kind if or_empty else sign
        if (kind and kind not in "+-?#%" and not or_empty) or (or_empty and kind in ("#", "%")):
            raise _BadError(f"unsupported modifier ({modifier}) in substitution")
        word = self._until("}", "'}'", raw=kind in ("#", "%"))
        value = self._value_of(name)
        if value is None and self._keep.unset:
            return None
        absent = value is None or (or_empty and not value)
        if kind == "-":
            return word if absent else value
        if kind == "+":
            return "" if absent else word
        if kind == "?":
            if absent:
                state = "unset" if value is None else "empty"
                raise _BadError(f"{name}: {word or f'is not allowed to be {state}'}")
            return value
        if kind in ("#", "%"):
            return self._trimmed(value or "", kind, word)
        raise _BadError(f"unsupported modifier ({modifier}) in substitution")

    def _trimmed(self, value: str, kind: str, pattern: str) -> str:
        longest = pattern.startswith(kind)
        pattern = pattern[1:] if longest else pattern
        trim = globs.without_prefix if kind == "#" else globs.without_suffix
        try:
            return trim(value, pattern, longest=longest)
        except globs.PatternError as error:
            raise _BadError(f"invalid pattern ({pattern}) in substitution: {error}") from None

    def _replacing(self, name: str) -> str | None:
        everywhere = self._peek() == "/"
        if everywhere:
            self._at += 1
        pattern = self._until("/", "'/' in ${}", raw=True)
        replacement = self._until("}", "'}'", raw=True)
        value = self._value_of(name)
        if value is None and self._keep.unset:
            return None
        try:
            return globs.replace(value or "", pattern, replacement, everywhere=everywhere)
        except globs.PatternError as error:
            raise _BadError(f"invalid pattern ({pattern}) in substitution: {error}") from None
