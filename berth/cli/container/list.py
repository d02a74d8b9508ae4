"""``berth ps``. Its default table must start fast: templates are imported only for a format."""

from berth.cli.command import Command
from berth.cli.container.row import ContainerRow
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FILTER, FORMAT
from berth.cli.format.rows import RAW, TABLE, column_table, lines_of
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        Flag("all", "a", "bool", "Show all containers (default shows just running)"),
        FILTER,
        FORMAT,
        Flag("last", "n", "int", "Show n last created containers (includes all states)", default=-1),
        Flag("latest", "l", "bool", "Show the latest created container (includes all states)"),
        Flag("no-trunc", "", "bool", "Don't truncate output"),
        Flag("quiet", "q", "bool", "Only display container IDs"),
        Flag("size", "s", "bool", "Display total file sizes"),
    ),
    aliases=("container ls", "container list", "container ps", "ps"),
)

COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")
_RAW_FORMAT = """container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
"""


def run(cli: "Cli", options: "Options") -> int:
    """List containers."""
    text = options.format
    if not text:
        text = cli.config.text("psFormat")
    elif options.quiet:
        cli.note("WARNING: Ignoring custom format, because both --format and --quiet are set.")
    size = options.size
    if text:
        size = _check_format(text, options) or size
    limit = options.last
    if options.latest and limit == -1:
        limit = 1
    query = {
        "all": options.all or None,
        "limit": limit if limit > 0 else None,
        "size": size or None,
        "filters": filters(options.filter),
    }
    found = cli.client.get("/containers/json", query)
    rows = [ContainerRow(summary, trunc=not options.no_trunc) for summary in found]
    cli.out.write(_render(rows, text, size=size, quiet=options.quiet))
    return 0


def _render(rows: "list[ContainerRow]", text: str, *, size: bool, quiet: bool) -> str:
    if text == RAW:
        if quiet:
            return formatted(rows, ContainerRow, "container_id: {{.ID}}")
        return formatted(rows, ContainerRow, raw_format(size=size))
    if quiet:
        return lines_of(rows, "ID")
    if text in (TABLE, ""):
        return column_table(rows, ContainerRow, (*COLUMNS, "Size") if size else COLUMNS)
    return formatted(rows, ContainerRow, text)


def raw_format(*, size: bool) -> str:
    """The template behind ``--format raw``."""
    return _RAW_FORMAT + ("size: {{.Size}}\\n" if size else "")


def _check_format(text: str, options: "Options") -> bool:
    """Try the format on an empty row; whether it shows sizes, which cost the daemon time to count."""
    from berth.base.errors import InvalidArgument
    from berth.cli.format.template import Template, TemplateExecutionError, TemplateSyntaxError

    probe = ContainerRow({}, trunc=False)
    try:
        Template(text).execute(probe)
    except TemplateSyntaxError as failure:
        raise InvalidArgument(f"failed to parse template: {failure}") from None
    except TemplateExecutionError as failure:
        raise InvalidArgument(f"failed to execute template: {failure}") from None
    return probe.size_used and not options.quiet and not options.changed("size")
