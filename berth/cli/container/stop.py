"""``berth stop``."""

from berth.base.errors import InvalidArgument
from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import for_each
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

FLAGS = (
    Flag("signal", "s", "string", "Signal to send to the container"),
    Flag("timeout", "t", "int", "Seconds to wait before killing the container"),
    Flag(
        "time", "", "int", "Seconds to wait before killing the container", deprecated="use --timeout instead"
    ),
)
COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    FLAGS,
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container stop", "stop"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Stop the containers, all at the same time; prints the names."""
    return for_each(cli, options.args, "POST", "/stop", stop_query(options))


def stop_query(options: "Options") -> "dict[str, object]":
    """Signal and patience as the API takes them; also what ``restart`` sends."""
    if options.changed("time") and options.changed("timeout"):
        raise InvalidArgument("conflicting options: cannot specify both --timeout and --time")
    query: dict[str, object] = {"signal": options.signal or None}
    if options.changed("timeout"):
        query["t"] = options.timeout
    elif options.changed("time"):
        query["t"] = options.time
    return query
