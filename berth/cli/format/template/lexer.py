"""Template text to tokens, after the grammar of Go's text/template.

A generator, so that an error later in the text stays silent when the parser fails earlier. An error is a
token too: its text is the message.
"""

from collections.abc import Iterator
from typing import NamedTuple

LEFT, RIGHT = "{{", "}}"
SPACES = " \t\r\n"
KEYWORDS = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with")
)
_DIGITS = "0123456789_"
_PUNCTUATION = {"=": "assign", "|": "pipe", "(": "(", ")": ")"}


class Token(NamedTuple):
    """``kind`` is a keyword itself, or one of: text, {{, }}, field, variable, identifier, number, string,
    raw, rune, bool, dot, space, pipe, assign, declare, (, ), char, eof, error."""

    kind: str
    pos: int
    text: str
    line: int

    def shown(self) -> str:
        """How an error text names the token."""
        if self.kind == "eof":
            return "EOF"
        if self.kind == "error":
            return self.text
        if self.kind in KEYWORDS:
            return f"<{self.text}>"
        from berth.cli.format.text import quote

        return f"{quote(self.text[:10])}..." if len(self.text) > 10 else quote(self.text)


def _word_char(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdigit()


class _Failure(Exception):
    """Ends the lexing with an error token."""


class Lexer:
    """One pass over ``source``; iterate it for the tokens."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._line = 1
        self._parens = 0

    def __iter__(self) -> Iterator[Token]:
        try:
            yield from self._texts()
        except _Failure as failure:
            yield Token("error", self._at, str(failure), self._line)

    def _token(self, kind: str, start: int, end: int) -> Token:
        text = self._source[start:end]
        token = Token(kind, start, text, self._line)
        self._line += text.count("\n")
        self._at = end
        return token

    def _texts(self) -> Iterator[Token]:
        source = self._source
        while True:
            start = self._at
            found = source.find(LEFT, start)
            if found < 0:
                if start < len(source):
                    yield self._token("text", start, len(source))
                yield Token("eof", len(source), "", self._line)
                return
            trim = source[found + 2 : found + 3] == "-" and source[found + 3 : found + 4] in tuple(SPACES)
            end = found
            if trim:
                end = start + len(source[start:found].rstrip(SPACES))
            if end > start:
                yield self._token("text", start, end)
            self._line += source.count("\n", end, found)
            inner = found + 2 + (2 if trim else 0)
            if source.startswith("/*", inner if not trim else found + 4):
                self._comment(found, inner)
                continue
            yield self._token("{{", found, found + 2)
            self._skip(inner)
            yield from self._action()

    def _skip(self, to: int) -> None:
        self._line += self._source.count("\n", self._at, to)
        self._at = to

    def _comment(self, start: int, inner: int) -> None:
        self._at = start
        closed = self._source.find("*/", inner)
        if closed < 0:
            raise _Failure("unclosed comment")
        self._at = closed + 2
        end = self._right_delimiter()
        if not end:
            raise _Failure("comment ends before closing delimiter")
        self._line += self._source.count("\n", start, end)
        self._at = end

    def _right_delimiter(self) -> int:
        """Where the text goes on after a closing delimiter here, 0 when there is none."""
        source, at = self._source, self._at
        if source.startswith(RIGHT, at):
            return at + 2
        if source[at : at + 1] in tuple(SPACES) and source.startswith("-" + RIGHT, at + 1):
            after = at + 4
            while after < len(source) and source[after] in SPACES:
                after += 1
            return after
        return 0

    def _action(self) -> Iterator[Token]:
        source = self._source
        self._parens = 0
        while True:
            after = self._right_delimiter()
            if after:
                if self._parens:
                    raise _Failure("unclosed left paren")
                opening = self._at if source.startswith(RIGHT, self._at) else self._at + 2
                yield self._token("}}", opening, opening + 2)
                self._skip(after)
                return
            if self._at >= len(source):
                raise _Failure("unclosed action")
            yield self._inside(source[self._at])

    def _inside(self, char: str) -> Token:
        start = self._at
        following = self._source[start + 1 : start + 2]
        if char in SPACES:
            return self._space(start)
        if char in _PUNCTUATION:
            self._parens += (char == "(") - (char == ")")
            if self._parens < 0:
                raise _Failure("unexpected right paren")
            return self._token(_PUNCTUATION[char], start, start + 1)
        if char == ":":
            if following != "=":
                raise _Failure("expected :=")
            return self._token("declare", start, start + 2)
        if char in "\"'":
            return self._quoted(start, char)
        if char == "`":
            end = self._source.find("`", start + 1)
            if end < 0:
                raise _Failure("unterminated raw quoted string")
            return self._token("raw", start, end + 1)
        if char == "$" or (char == "." and not ("0" <= following <= "9")):
            return self._name(start, "variable" if char == "$" else "field")
        if char in "+-." or char.isdigit():
            return self._number(start)
        if _word_char(char):
            return self._name(start, "identifier")
        if char.isascii() and char.isprintable():
            return self._token("char", start, start + 1)
        raise _Failure(f"unrecognized character in action: {_code_point(char)}")

    def _space(self, start: int) -> Token:
        end = start
        while end < len(self._source) and self._source[end] in SPACES:
            end += 1
        if self._source.startswith("-" + RIGHT, end):
            end -= 1  # the blank belongs to the trim marker
        return self._token("space", start, end)

    def _quoted(self, start: int, mark: str) -> Token:
        at = start + 1
        while True:
            char = self._source[at : at + 1]
            if char == "\\" and self._source[at + 1 : at + 2] not in ("", "\n"):
                at += 2
                continue
            if char in ("", "\n", "\\"):
                what = "quoted string" if mark == '"' else "character constant"
                raise _Failure(f"unterminated {what}")
            at += 1
            if char == mark:
                return self._token("string" if mark == '"' else "rune", start, at)

    def _name(self, start: int, kind: str) -> Token:
        end = start + (kind != "identifier")
        while end < len(self._source) and _word_char(self._source[end]):
            end += 1
        word = self._source[start:end]
        next_char = self._source[end : end + 1]
        if not (next_char == "" or next_char in SPACES + ".,|:()" or self._source.startswith(RIGHT, end)):
            raise _Failure(f"bad character {_code_point(next_char)}")
        if kind == "field" and len(word) == 1:
            kind = "dot"
        elif kind == "identifier" and word in KEYWORDS:
            kind = word
        elif word in ("true", "false"):
            kind = "bool"
        return self._token(kind, start, end)

    def _number(self, start: int) -> Token:
        source = self._source
        at = start + (source[start] in "+-")
        digits = _DIGITS
        if source[at : at + 1] == "0":
            at += 1
            prefix = source[at : at + 1].lower()
            bases = {"x": "0123456789abcdefABCDEF_", "o": "01234567_", "b": "01_"}
            if prefix and prefix in bases:
                digits = bases[prefix]
                at += 1
        at = self._run(at, digits)
        if source[at : at + 1] == ".":
            at = self._run(at + 1, digits)
        exponent = "eE" if digits == _DIGITS else "pP"
        if source[at : at + 1] and source[at] in exponent and len(digits) != 9 and len(digits) != 3:
            at += 1
            if source[at : at + 1] in ("+", "-"):
                at += 1
            at = self._run(at, _DIGITS)
        if at < len(source) and _word_char(source[at]):
            from berth.cli.format.text import quote

            raise _Failure(f"bad number syntax: {quote(source[start : at + 1])}")
        return self._token("number", start, at)

    def _run(self, at: int, allowed: str) -> int:
        while at < len(self._source) and self._source[at] in allowed:
            at += 1
        return at


def _code_point(char: str) -> str:
    shown = f" '{char}'" if char.isprintable() else ""
    return f"U+{ord(char):04X}{shown}"
