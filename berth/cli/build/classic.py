"""Docker's classic form: the messages of ``POST /build`` as they come, and the context before them."""

from berth.base.errors import BerthError
from berth.base.units import human_size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from berth.cli.streams import Writer


class BuildFailed(BerthError):
    """The daemon gave the build up. ``code`` is the exit code of ``build``; ``detail`` what came with it."""

    def __init__(self, message: str, code: int, detail: "dict[str, Any]", *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code or 1
        self.detail = detail


class Sending:
    """``Sending build context to Docker daemon  4.608kB``: redrawn on a terminal, once elsewhere."""

    __slots__ = ("_live", "_out", "_shown")

    def __init__(self, out: "Writer") -> None:
        self._out = out
        self._live = out.is_terminal()
        self._shown = -1

    def __call__(self, count: int) -> None:
        """So many bytes are sent."""
        if self._live and count - self._shown >= 512 * 1024:
            self._show(count)

    def done(self, count: int) -> None:
        """All of them are sent."""
        self._show(count)
        self._out.write("\r\n")
        self._out.flush()

    def _show(self, count: int) -> None:
        self._shown = count
        self._out.write(f"Sending build context to Docker daemon {human_size(count, 4):>8}\r")
        if self._live:
            self._out.flush()


def show(
    messages: "Iterable[dict[str, Any]]", out: "Writer", on_aux: "Callable[[dict[str, Any]], None]"
) -> None:
    """Print the messages; BuildFailed when one says so."""
    from berth.cli.progress import show_progress

    show_progress(_checked(messages, out), out, on_aux)


def _checked(messages: "Iterable[dict[str, Any]]", out: "Writer") -> "Iterable[dict[str, Any]]":
    for message in messages:
        detail = message.get("errorDetail") or {}
        if detail or message.get("error"):
            out.flush()
            text = detail.get("message") or message.get("error") or ""
            raise BuildFailed(text, detail.get("code") or 1, detail, hint=detail.get("hint"))
        yield message
