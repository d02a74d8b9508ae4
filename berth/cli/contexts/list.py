"""``berth context ls``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.contexts import store
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FORMAT
from berth.cli.format.rows import TABLE, Row, lines_of
from berth.cli.format.text import ellipsis, natural_key
from berth.cli.system.identity import context_in_force

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (FORMAT, Flag("quiet", "q", "bool", "Only show context names")),
    aliases=("context ls", "context list"),
)
_HEADERS = {
    "Name": "NAME",
    "Description": "DESCRIPTION",
    "DockerEndpoint": "DOCKER ENDPOINT",
    "Error": "ERROR",
}
_TABLE = "table {{.Name}}{{if .Current}} *{{end}}\\t{{.Description}}\\t{{.DockerEndpoint}}\\t{{.Error}}"
_ERROR_WIDTH = 45


class ContextRow(Row):
    """Cells of one context."""

    GO_TYPE = "*formatter.clientContextContext"
    HEADERS = _HEADERS
    CELLS = ("Current", "Description", "DockerEndpoint", "Error", "Name")

    def __init__(self, name: str, description: str, host: str, *, current: bool, error: str = "") -> None:
        self._name = name
        self._description = description
        self._host = host
        self._current = current
        self._error = error

    def Current(self) -> bool:
        """Whether commands use it."""
        return self._current

    def Name(self) -> str:
        """The name."""
        return self._name

    def Description(self) -> str:
        """What its maker said about it."""
        return self._description

    def DockerEndpoint(self) -> str:
        """Its daemon's address."""
        return self._host

    def Error(self) -> str:
        """What is wrong with it."""
        return ellipsis(self._error, _ERROR_WIDTH)


def run(cli: "Cli", options: "Options") -> int:
    """List contexts by name."""
    current = context_in_force(cli)
    rows = []
    for context in [store.default_context(cli), *store.stored(cli)]:
        name = context.get("Name", "")
        description, host = store.summary(cli, context)
        rows.append(ContextRow(name, description, host, current=name == current))
    if all(row.Name() != current for row in rows):
        rows.append(ContextRow(current, "", "", current=True, error=_problem(cli, current)))
    rows.sort(key=lambda row: natural_key(row.Name()))
    if options.quiet:
        cli.out.write(lines_of(rows, "Name"))
    else:
        text = options.format or TABLE
        cli.out.write(formatted(rows, ContextRow, _TABLE if text == TABLE else text))
    if cli.env.get("DOCKER_HOST"):
        cli.note(
            "Warning: DOCKER_HOST environment variable overrides the active context. "
            "To use a context, either set the global --context flag, "
            "or unset DOCKER_HOST environment variable."
        )
    return 0


def _problem(cli: "Cli", name: str) -> str:
    try:
        store.get(cli, name)
    except BerthError as error:
        return str(error)
    return ""
