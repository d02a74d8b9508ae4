"""``berth stats``: a table that is redrawn twice a second, or one reading."""

import select
import time

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path
from berth.cli.container.stats_row import COLUMNS, StatsRow
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FORMAT
from berth.cli.format.rows import TABLE, column_table
from berth.wire.jsonlines import JsonLines

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options
    from berth.client.response import Response

COMMAND = Command(
    "[OPTIONS] [CONTAINER...]",
    (
        Flag("all", "a", "bool", "Show all containers (default shows just running)"),
        FORMAT,
        Flag("no-stream", "", "bool", "Disable streaming stats and only pull the first result"),
        Flag("no-trunc", "", "bool", "Do not truncate output"),
    ),
    max_args=UNLIMITED,
    aliases=("container stats", "stats"),
)
_TICK = 0.5
_SILENCE = 2.0
_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", " \x1b[K\n", "\x1b[J"
_SHORT_ID = 12


class _Source:
    """The stream of readings of one container."""

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self.reading: dict[str, Any] = {}
        self.error: BerthError | None = None
        self.answer: Response | None = None
        self.heard = 0.0
        self._lines = JsonLines()

    def take(self) -> None:
        """Read what has come."""
        assert self.answer is not None
        piece = self.answer.read_some()
        documents = self._lines.feed(piece) if piece else self._lines.close()
        for document in documents:
            self.reading = document
            self.heard = time.monotonic()
        if not piece:
            self.answer = None

    def row(self, *, trunc: bool, streaming: bool) -> StatsRow:
        """The newest reading; dashes when there is none, or the stream has ended or fallen silent."""
        alive = self.answer is not None and time.monotonic() - self.heard < _SILENCE
        valid = bool(self.heard) and (alive or not streaming)
        return StatsRow(self.asked, self.reading, valid=valid, trunc=trunc)


def run(cli: "Cli", options: "Options") -> int:
    """Show what containers use."""
    text = options.format or cli.config.text("statsFormat") or TABLE
    board = _Board(cli, trunc=not options.no_trunc, text=text)
    if options.no_stream:
        board.open(options.args or board.listed(everything=options.all), stream=False)
        board.read_all()
        board.complain(everything=not options.args)
        cli.out.write(board.table(streaming=False))
        return 0
    events = None
    if not options.args:
        events = _Events(cli, everything=options.all)
    board.open(options.args or board.listed(everything=options.all), stream=True)
    board.wait_first()
    board.complain(everything=not options.args)
    while True:
        cli.out.write(board.screen())
        cli.out.flush()
        if not board.sources and events is None:
            return 0
        if not board.watch(time.monotonic() + _TICK, events):
            return 0


class _Board:
    """All containers that are shown."""

    def __init__(self, cli: "Cli", *, trunc: bool, text: str) -> None:
        self._cli = cli
        self._trunc = trunc
        self._text = text
        self.sources: list[_Source] = []

    def listed(self, *, everything: bool) -> "list[str]":
        """The containers to show when none were named."""
        found = self._cli.client.get("/containers/json", {"all": everything or None})
        return [entry["Id"][:_SHORT_ID] for entry in found]

    def open(self, names: "list[str]", *, stream: bool) -> None:
        """Ask for the readings of ``names``, all at once."""
        pending = []
        for name in dict.fromkeys(names):
            if any(source.asked == name for source in self.sources):
                continue
            source = _Source(name)
            self.sources.append(source)
            path = container_path(name) + "/stats"
            pending.append((source, self._cli.client.begin("GET", path, {"stream": stream})))
        for source, finish in pending:
            try:
                source.answer = finish()
            except BerthError as error:
                source.error = error

    def close(self, name: str) -> None:
        """Show a container no longer."""
        for source in self.sources:
            if source.asked == name and source.answer is not None:
                source.answer.close()
        self.sources = [source for source in self.sources if source.asked != name]

    def read_all(self) -> None:
        """Read every answer to its end: one reading each."""
        for source in self.sources:
            while source.answer is not None:
                source.take()

    def complain(self, *, everything: bool) -> None:
        """Exit with the errors of containers that were asked for by name."""
        errors = [source.error for source in self.sources if source.error is not None]
        if errors and not everything:
            raise Exit(1, "\n".join(str(error) for error in errors))

    def wait_first(self) -> None:
        """Wait until every container has a reading, at most as long as a silence lasts."""
        end = time.monotonic() + _SILENCE
        while any(source.answer is not None and not source.heard for source in self.sources):
            if time.monotonic() >= end:
                return
            self._poll(end, None)

    def watch(self, end: float, events: "_Events | None") -> bool:
        """Take readings until ``end``; false when the daemon has gone."""
        while time.monotonic() < end:
            if not self._poll(end, events):
                return False
        return True

    def _poll(self, end: float, events: "_Events | None") -> bool:
        poll = select.poll()
        open_sources: dict[int, _Source] = {}
        ready: list[int] = []
        for source in self.sources:
            if source.answer is not None:
                open_sources[source.answer.fileno()] = source
                ready += [source.answer.fileno()] if source.answer.ready() else []
        for fd in open_sources:
            poll.register(fd, select.POLLIN)
        if events is not None:
            poll.register(events.answer.fileno(), select.POLLIN)
        wait = 0 if ready else max(0, int((end - time.monotonic()) * 1000))
        ready += [fd for fd, _ in poll.poll(wait)]
        for fd in dict.fromkeys(ready):
            if fd in open_sources:
                open_sources[fd].take()
            elif events is not None and not events.take(self):
                return False
        return True

    def table(self, *, streaming: bool) -> str:
        """The listing as it is now."""
        rows = [source.row(trunc=self._trunc, streaming=streaming) for source in self.sources]
        if self._text == TABLE:
            return column_table(rows, StatsRow, COLUMNS)
        return formatted(rows, StatsRow, self._text)

    def screen(self) -> str:
        """The listing drawn over the one before, with the rest of every line and of the screen erased."""
        text = _HOME + self.table(streaming=True)
        return text + "".join(line + _CLEAR_LINE for line in text.split("\n")) + _CLEAR_REST


class _Events:
    """Containers that come and go while no names were given."""

    def __init__(self, cli: "Cli", *, everything: bool) -> None:
        self._everything = everything
        self._lines = JsonLines()
        query = {"filters": {"type": {"container": True}}}
        self.answer = cli.client.begin("GET", "/events", query)()

    def take(self, board: _Board) -> bool:
        """Act on what has come; false at the end of the stream."""
        piece = self.answer.read_some()
        for event in self._lines.feed(piece):
            action, name = event.get("Action"), event["Actor"]["ID"][:_SHORT_ID]
            if action == "start" or (action == "create" and self._everything):
                board.open([name], stream=True)
            elif action == "die" and not self._everything:
                board.close(name)
        return bool(piece)
