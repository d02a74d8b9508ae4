"""``berth kill``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import for_each
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    (Flag("signal", "s", "string", "Signal to send to the container"),),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container kill", "kill"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Send the signal (KILL when none is named) to each container; prints the names."""
    return for_each(cli, options.args, "POST", "/kill", {"signal": options.signal or None})
