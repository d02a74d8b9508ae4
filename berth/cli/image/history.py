"""``berth history``."""

import time

from berth.base.units import human_duration, human_size
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FORMAT
from berth.cli.format.rows import TABLE, Row, column_table, lines_of
from berth.cli.format.text import ellipsis, truncate_id
from berth.cli.image.platform import platform_flag, platform_query
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] IMAGE",
    (
        FORMAT,
        Flag("human", "H", "bool", "Print sizes and dates in human readable format", default=True),
        Flag("no-trunc", "", "bool", "Don't truncate output"),
        platform_flag("Show history for the given platform."),
        Flag("quiet", "q", "bool", "Only show image IDs"),
    ),
    min_args=1,
    max_args=1,
    aliases=("image history", "history"),
)

_HEADERS = {
    "ID": "IMAGE",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "CreatedBy": "CREATED BY",
    "Size": "SIZE",
    "Comment": "COMMENT",
}
_EPOCH = 946_684_800  # 2000-01-01: times at or before it mean "unknown"
_CREATED_BY_WIDTH = 45


class HistoryRow(Row):
    """Cells of one step of an image's making."""

    GO_TYPE = "*image.historyContext"
    HEADERS = _HEADERS
    CELLS = ("Comment", "CreatedAt", "CreatedBy", "CreatedSince", "ID", "Size")

    def __init__(self, step: "dict[str, Any]", *, trunc: bool, human: bool) -> None:
        self._step = step
        self._trunc = trunc
        self._human = human

    def ID(self) -> str:
        """The image that the step made; ``<missing>`` for those of another machine."""
        identity = str(self._step.get("Id", ""))
        return truncate_id(identity) if self._trunc else identity

    def CreatedAt(self) -> str:
        """When, as RFC 3339 in the local zone."""
        moment = time.localtime(int(self._step.get("Created", 0)))
        zone = time.strftime("%z", moment)
        shown = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
        return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + shown

    def CreatedSince(self) -> str:
        """How long ago; the moment itself when not for humans."""
        if not self._human:
            return self.CreatedAt()
        created = int(self._step.get("Created", 0))
        return "N/A" if created <= _EPOCH else human_duration(time.time() - created) + " ago"

    def CreatedBy(self) -> str:
        """The instruction."""
        text = str(self._step.get("CreatedBy", "")).replace("\t", " ")
        return ellipsis(text, _CREATED_BY_WIDTH) if self._trunc else text

    def Size(self) -> str:
        """Bytes of its layer."""
        size = self._step.get("Size", 0)
        return human_size(size) if self._human else str(size)

    def Comment(self) -> str:
        """What its maker noted."""
        return str(self._step.get("Comment", ""))


def run(cli: "Cli", options: "Options") -> int:
    """Show the steps that made an image, newest first."""
    query = platform_query(options.platform)
    steps = cli.client.get(f"/images/{quote_path(options.args[0])}/history", query)
    rows = [HistoryRow(step, trunc=not options.no_trunc, human=options.human) for step in steps or ()]
    text = options.format or TABLE
    if text != TABLE:
        cli.out.write(formatted(rows, HistoryRow, text))
    elif options.quiet:
        cli.out.write(lines_of(rows, "ID"))
    else:
        when = "CreatedSince" if options.human else "CreatedAt"
        cli.out.write(column_table(rows, HistoryRow, ("ID", when, "CreatedBy", "Size", "Comment")))
    return 0
