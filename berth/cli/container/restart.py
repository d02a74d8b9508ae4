"""``berth restart``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import for_each
from berth.cli.container.stop import FLAGS, stop_query

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    FLAGS,
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container restart", "restart"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Stop and start the containers one after another; prints the names."""
    return for_each(cli, options.args, "POST", "/restart", stop_query(options), together=False)
