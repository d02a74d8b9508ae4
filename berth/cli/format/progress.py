"""The daemon's progress messages (``load``, ``import``, ``pull``) on a terminal or as plain lines.

On a terminal every id has a line of its own, redrawn in place; elsewhere progress bars are left out.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from berth.base.errors import BerthError
from berth.base.units import human_size

if TYPE_CHECKING:
    from berth.cli.cli import Cli

_UP, _DOWN, _CLEAR = "\x1b[{}A", "\x1b[{}B", "\x1b[2K\r"
_FOUR_DIGITS = 4
_BAR = 50
_BAR_NEEDS = 110
_NO_TERMINAL_WIDTH = 200


def show_progress(cli: "Cli", messages: Iterable[dict[str, Any]]) -> None:
    """Print every message as it comes; a message that carries an error ends it as BerthError."""
    terminal = cli.out.is_terminal()
    lines: dict[str, int] = {}
    for message in messages:
        if message.get("aux") is not None:
            continue
        identity = message.get("id", "")
        below = 0
        if identity and (message.get("progressDetail") is not None or message.get("progress")):
            if identity not in lines:
                lines[identity] = len(lines)
                if terminal:
                    cli.out.write("\n")
            below = len(lines) - lines[identity]
            if terminal:
                cli.out.write(_UP.format(below))
        else:
            lines = {}
        text = _rendered(message, terminal=terminal)
        if text is not None:
            cli.out.write(text)
        if identity and terminal and below:
            cli.out.write(_DOWN.format(below))
        cli.out.flush()


def _rendered(message: dict[str, Any], *, terminal: bool) -> str | None:
    """One message as text; None when it has nothing for this kind of output."""
    detail = message.get("errorDetail")
    if detail is not None or message.get("error"):
        raise BerthError(str((detail or {}).get("message") or message.get("error")))
    progress = message.get("progressDetail")
    bar = progress_bar(progress) if progress is not None else ""
    start = end = ""
    if terminal and not message.get("stream") and progress is not None:
        start, end = _CLEAR, "\r"
    elif bar:
        return None
    identity = f"{message['id']}: " if message.get("id") else ""
    origin = f"(from {message['from']}) " if message.get("from") else ""
    status = message.get("status", "")
    if progress is not None and terminal:
        body = f"{status} {bar}{end}"
    elif message.get("progress"):
        body = f"{status} {message['progress']}{end}"
    elif message.get("stream"):
        body = f"{message['stream']}{end}"
    else:
        body = f"{status}{end}\n"
    return f"{start}{identity}{origin}{body}"


def progress_bar(detail: dict[str, Any], width: int = 0) -> str:
    """``[=====>     ]  1.2MB/3.4MB`` for a terminal ``width`` columns wide (0: ask)."""
    current, total, units = detail.get("current", 0), detail.get("total", 0), detail.get("units", "")
    if current <= 0 and total <= 0:
        return ""
    if total <= 0:
        return f"{current} {units}" if units else f"{human_size(current, _FOUR_DIGITS):>8}"
    done = min(current * 2 * _BAR // total // 2, _BAR)
    columns = width or _terminal_width()
    box = f"[{'=' * done}>{' ' * (_BAR - done)}] " if columns > _BAR_NEEDS else ""
    if detail.get("hidecounts"):
        return box
    if units:
        return f"{box}{current}/{total} {units}" if current <= total else f"{box}{current} {units}"
    if current > total:
        return f"{box}{human_size(current, _FOUR_DIGITS):>8}"
    return f"{box}{human_size(current, _FOUR_DIGITS):>8}/{human_size(total, _FOUR_DIGITS)}"


def _terminal_width() -> int:
    import os

    try:
        return os.get_terminal_size(0).columns
    except OSError:
        return _NO_TERMINAL_WIDTH
