"""``berth pause``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import for_each

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "CONTAINER [CONTAINER...]",
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container pause", "pause"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Pause each container; prints the names."""
    return for_each(cli, options.args, "POST", "/pause")
