"""Progress of pull, load and the like: JSON messages of the engine as lines of text.

On a terminal each id keeps its line, which is redrawn; elsewhere only the messages without a bar are
printed, one after another.
"""

import posix

from berth.base.errors import BerthError
from berth.base.units import human_size
from berth.cli.streams import Writer
from berth.cli.terminal import size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_BAR = 50
_WIDE = 110


class discarding:
    """A writer to nowhere, for as long as the block lasts: a stream has to be read to its end all the same,
    because an error may come last."""

    def __enter__(self) -> Writer:
        self._fd = posix.open("/dev/null", posix.O_WRONLY | posix.O_CLOEXEC)
        return Writer(self._fd)

    def __exit__(self, *_: object) -> None:
        posix.close(self._fd)


class StreamError(BerthError):
    """The engine reported a failure in the middle of a stream."""


def show_progress(
    messages: "Iterable[dict[str, Any]]",
    out: "Writer",
    on_aux: "Callable[[dict[str, Any]], None] | None" = None,
) -> None:
    """Print a stream of messages to ``out``; ``aux`` messages go to ``on_aux``. Raises StreamError."""
    terminal = out.is_terminal()
    lines: dict[str, int] = {}
    for message in messages:
        if message.get("errorDetail") or message.get("error"):
            out.flush()
            raise StreamError((message.get("errorDetail") or {}).get("message") or message["error"])
        if message.get("aux") is not None:
            if on_aux is not None:
                on_aux(message)
            continue
        _show(message, out, lines, terminal=terminal)
        out.flush()


def _show(message: "dict[str, Any]", out: "Writer", lines: dict[str, int], *, terminal: bool) -> None:
    detail = message.get("progressDetail")
    name = message.get("id", "")
    up = 0
    if name and detail is not None:
        if name not in lines:
            lines[name] = len(lines)
            if terminal:
                out.write("\n")
        up = len(lines) - lines[name]
    else:
        lines.clear()
    bar = progress_bar(detail, size(out.fd)[1] or 200) if detail else ""
    prefix = f"{name}: " if name else ""
    if terminal and detail is not None and not message.get("stream"):
        move = f"\x1b[{up}A" if up else ""
        back = f"\x1b[{up}B" if up else ""
        out.write(f"{move}\x1b[2K\r{prefix}{message.get('status', '')} {bar}\r{back}")
    elif bar:
        return
    elif message.get("stream"):
        out.write(f"{prefix}{message['stream']}")
    else:
        out.line(f"{prefix}{message.get('status', '')}")


def progress_bar(detail: "dict[str, Any]", width: int) -> str:
    """``[=====>    ]  1.2MB/3.4MB``; without the bar on narrow terminals; empty when there are no numbers."""
    current, total = detail.get("current", 0), detail.get("total", 0)
    unit = detail.get("units", "")
    if current <= 0 and total <= 0:
        return ""
    if total <= 0:
        return f"{current} {unit}" if unit else f"{human_size(current, 4):>8}"
    filled = min(_BAR, int(current / total * 100) // 2)
    bar = f"[{'=' * filled}>{' ' * (_BAR - filled)}] " if width > _WIDE else ""
    if detail.get("hidecounts"):
        return bar
    if unit:
        return f"{bar}{current}/{total} {unit}" if current <= total else f"{bar}{current} {unit}"
    shown = f"{human_size(current, 4):>8}"
    return f"{bar}{shown}/{human_size(total, 4)}" if current <= total else f"{bar}{shown}"
