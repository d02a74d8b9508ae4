"""``berth search``."""

from berth.cli.auth import registry_auth
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.rows import TABLE, Row, column_table
from berth.cli.format.text import ellipsis
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] TERM",
    (
        Flag("filter", "f", "filter", "Filter output based on conditions provided"),
        Flag("format", "", "string", "Pretty-print search using a Go template"),
        Flag("limit", "", "int", "Max number of search results"),
        Flag("no-trunc", "", "bool", "Don't truncate output"),
    ),
    min_args=1,
    max_args=1,
)
_COLUMNS = ("Name", "Description", "StarCount", "Official")
_HEADERS = {"Name": "NAME", "Description": "DESCRIPTION", "StarCount": "STARS", "IsOfficial": "OFFICIAL"}
_TABLE_HEADERS = {**_HEADERS, "Official": "OFFICIAL"}
_WIDTH = 45


class FoundRow(Row):
    """Cells of one result."""

    GO_TYPE = "*registry.searchContext"
    HEADERS = _HEADERS
    CELLS = ("Description", "IsOfficial", "Name", "StarCount")

    def __init__(self, found: "dict[str, Any]", *, trunc: bool) -> None:
        self._found = found
        self._trunc = trunc

    def Name(self) -> str:
        """The repository."""
        return str(self._found.get("name", ""))

    def Description(self) -> str:
        """What its owner says of it, on one line."""
        text = str(self._found.get("description") or "").replace("\n", " ").replace("\r", " ")
        return ellipsis(text, _WIDTH) if self._trunc else text

    def StarCount(self) -> str:
        """How many people like it."""
        return str(self._found.get("star_count", 0))

    def IsOfficial(self) -> str:
        """Whether it is one of Docker's own."""
        return "true" if self._found.get("is_official") else "false"


class _TableRow(FoundRow):
    """As the default table has it: a mark in place of a truth value."""

    HEADERS = _TABLE_HEADERS

    def Official(self) -> str:
        """A mark for official images."""
        return "[OK]" if self._found.get("is_official") else ""


def run(cli: "Cli", options: "Options") -> int:
    """Look for images by a word."""
    query = {
        "filters": filters(options.filter),
        "limit": options.limit or None,
        "term": options.args[0],
    }
    headers = {"X-Registry-Auth": registry_auth(cli.config, _domain(options.args[0]), cli.env)}
    found = cli.client.request("GET", "/images/search", query, headers=headers).json() or ()
    text = options.format or TABLE
    trunc = not options.no_trunc
    if text == TABLE:
        cli.out.write(column_table([_TableRow(one, trunc=trunc) for one in found], _TableRow, _COLUMNS))
    else:
        cli.out.write(formatted([FoundRow(one, trunc=trunc) for one in found], FoundRow, text))
    return 0


def _domain(term: str) -> str:
    first, slash, _ = term.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else "docker.io"
