"""Text on a terminal: how wide it is, where it is cut, and what a program's output looks like without its
control codes."""

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Sequence

    Segments = Sequence[tuple[str, str]]

STYLES = {"": "", "dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_KEEP = 100
_LONGEST = 2000
_TAB = 8


def cells(text: str) -> int:
    """The columns that ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(map(_cell, text))


def _cell(char: str) -> int:
    if char.isascii():
        return 1
    import unicodedata

    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int, mark: str = "~") -> str:
    """At most ``width`` columns of ``text``; ``mark`` is the last one where something is missing."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, used = [], 0
    for char in text:
        used += _cell(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + mark


def fit(left: "Segments", right: tuple[str, str], width: int, *, colour: bool, mark: str) -> str:
    """One line of ``width`` columns: ``left`` as far as it goes, ``right`` at the end where there is room."""
    room = width
    behind = cells(right[0])
    if right[0] and width >= 2 * behind + 16:
        room -= behind + 1
    else:
        right = ("", "")
    parts, used = [], 0
    for text, style in left:
        piece = cut(text, room - used, mark)
        used += cells(piece)
        parts.append(paint(piece, style, colour=colour))
    if right[0]:
        parts.append(" " * (room - used + 1) + paint(right[0], right[1], colour=colour))
    return "".join(parts)


def paint(text: str, style: str, *, colour: bool) -> str:
    """``text`` in a style of ``STYLES``."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour and style and text else text


def plain(line: str) -> str:
    """A line of a program's output without escape sequences and control codes, as it ends up on a screen:
    what a carriage return overwrote is gone."""
    line = line.rstrip("\r")
    line = line[line.rfind("\r") + 1 :]
    if line.isprintable():
        return line
    out: list[str] = []
    at, end = 0, len(line)
    while at < end:
        char = line[at]
        if char == "\x1b":
            at = _after_escape(line, at)
            continue
        if char == "\t":
            out.append(" " * (_TAB - len(out) % _TAB))
        elif char == "\b":
            del out[-1:]
        elif char.isprintable() or char == " ":
            out.append(char)
        elif 0xDC80 <= ord(char) <= 0xDCFF:
            out.append("\ufffd")
        at += 1
    return "".join(out)


def _after_escape(line: str, at: int) -> int:
    """The position behind the escape sequence at ``at`` (ECMA-48: CSI, strings, and the short ones)."""
    kind = line[at + 1 : at + 2]
    at += 2
    if kind == "[":
        while at < len(line) and not "@" <= line[at] <= "~":
            at += 1
        return at + 1
    if kind and kind in "]PX^_":
        while at < len(line) and line[at] != "\x07" and line[at : at + 2] != "\x1b\\":
            at += 1
        return at + (2 if line[at : at + 1] == "\x1b" else 1)
    if kind and kind in "()*+-./# %":
        return at + 1
    return at


class LogTail:
    """The last lines of what a step prints."""

    __slots__ = ("_lines", "_rest")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._rest = ""

    def feed(self, data: str) -> None:
        """Take in output as it comes, not cut at lines."""
        *lines, rest = (self._rest + data).replace("\r\n", "\n").split("\n")
        self._rest = rest[-_LONGEST:]
        self._lines += lines
        if len(self._lines) > 2 * _KEEP:
            del self._lines[:-_KEEP]

    def last(self, count: int) -> list[str]:
        """The last lines that show something, without control codes; an unfinished one too."""
        found: list[str] = []
        for line in (self._rest, *reversed(self._lines)):
            if len(found) == count:
                break
            shown = plain(line).rstrip()
            if shown:
                found.append(shown)
        found.reverse()
        return found
