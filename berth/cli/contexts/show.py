"""``berth context show``."""

from berth.cli.command import Command
from berth.cli.system.identity import context_in_force

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("")


def run(cli: "Cli", options: "Options") -> int:
    """Print the name of the context in force."""
    cli.out.line(context_in_force(cli))
    return 0
