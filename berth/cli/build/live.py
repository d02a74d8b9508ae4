"""The live view: records as they come, and the clock while none come."""

import select
import time

from berth.cli.build.screen import Screen
from berth.cli.build.state import BuildState
from berth.cli.build.view import Look, View
from berth.wire.jsonlines import JsonLines

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from berth.cli.streams import Writer
    from berth.client.response import Response

_TICK = 0.1
_REDRAW = 0.05


class Live:
    """Shows a build on the terminal of ``out`` from its first byte to its summary."""

    def __init__(self, out: "Writer", title: str, look: Look) -> None:
        self.state = BuildState(time.monotonic())
        self._out = out
        self._screen = Screen(out)
        self._view = View(self.state, title, look)
        self._drawn = 0.0

    def sending(self, count: int) -> None:
        """So many bytes of the context are on their way."""
        from berth.base.units import human_size

        self.state.context = f"{human_size(count, 4)} sent"
        self.redraw()

    def follow(self, answer: "Response") -> None:
        """Show what the daemon tells until it has told all."""
        for records in _timely(answer):
            now = time.monotonic()
            for record in records:
                self.state.apply(record, now)
            self.redraw()
        self.finish()

    def redraw(self) -> None:
        """Draw again, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self._drawn < _REDRAW:
            return
        self._drawn = now
        rows, columns = self._screen.size()
        self._screen.draw(self._view.frame(now, columns - 1, rows - 1))

    def finish(self) -> None:
        """Put the summary in the place of the live lines."""
        now = time.monotonic()
        self._screen.clear()
        for line in self._view.summary(now, self._screen.size()[1] - 1):
            self._out.line(line)
        self._out.flush()

    def abandon(self) -> None:
        """Take the live lines away: an error will be shown."""
        self._screen.clear()
        self._out.flush()


def _timely(answer: "Response") -> "Iterator[Iterable[dict[str, Any]]]":
    """The records that have come, at least ten times a second, even when there are none."""
    lines = JsonLines()
    poll = select.poll()
    while True:
        if not answer.ready():
            descriptor = answer.fileno()
            poll.register(descriptor, select.POLLIN)
            ready = poll.poll(_TICK * 1000)
            poll.unregister(descriptor)
            if not ready:
                yield ()
                continue
        data = answer.read_some()
        if not data:
            yield lines.close()
            return
        yield lines.feed(data)
