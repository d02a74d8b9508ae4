"""Small texts of Docker's tables: shortened ids and words, Go-quoted strings, times, addresses.

On the client's start path: imports nothing but ``time``.
"""

import time

_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\", '"': '\\"',
}  # fmt: skip


def truncate_id(value: str) -> str:
    """The twelve characters that tables show, without a digest's algorithm."""
    colon = value.find(":")
    return value[colon + 1 : colon + 13]


def char_width(char: str) -> int:
    """Columns that one character takes on a terminal: 2 for East Asian wide ones, else 1."""
    if char.isascii():
        return 1
    from unicodedata import east_asian_width

    return 2 if east_asian_width(char) in "WF" else 1


def display_width(text: str) -> int:
    """Terminal columns of ``text``; combining marks and control characters take none."""
    if text.isascii():
        return len(text) if text.isprintable() else sum(char.isprintable() for char in text)
    from unicodedata import combining, east_asian_width

    width = 0
    for char in text:
        if char < " " or char == "\x7f" or combining(char):
            continue
        width += 2 if east_asian_width(char) in "WF" else 1
    return width


def ellipsis(text: str, width: int) -> str:
    """``text`` cut to ``width`` columns, the last one being an ellipsis when something was cut."""
    if width <= 0:
        return ""
    if width == 1:
        return text[:1]
    if text.isascii():
        return text if len(text) <= width else text[: width - 1] + "…"
    widths = []
    total = 0
    for char in text:
        total += char_width(char)
        widths.append(total)
    if total <= width:
        return text
    for index, reached in enumerate(widths[:-1]):
        if reached <= width - 1 < widths[index + 1]:
            return text[: index + 1] + "…"
    return text


def quote(text: str) -> str:
    """A double-quoted string with escapes as Go's ``strconv.Quote`` writes it."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quoted_char(char) for char in text) + '"'


def _quoted_char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def local_time(seconds: int) -> str:
    """A moment in the local zone as Go prints it: ``2006-01-02 15:04:05 -0700 MST``."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(seconds))


def join_host_port(host: str, port: str | int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def join_labels(labels: dict[str, str] | None) -> str:
    """``key=value`` pairs in one cell, sorted."""
    return ",".join(sorted(f"{key}={value}" for key, value in labels.items())) if labels else ""


def natural_key(text: str) -> list[tuple[int, int, str, int]]:
    """Sort key under which ``net2`` comes before ``net10``: runs of digits compare as numbers, fewer
    leading zeros first, digits before letters."""
    parts: list[tuple[int, int, str, int]] = []
    start = 0
    while start < len(text):
        end = start
        while end < len(text) and "0" <= text[end] <= "9":
            end += 1
        if end > start:
            digits = text[start:end].lstrip("0")
            parts.append((0, len(digits), digits, end - start))
        else:
            end += 1
            parts.append((1, 0, text[start], 0))
        start = end
    return parts
