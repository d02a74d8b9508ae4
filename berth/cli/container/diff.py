"""``berth diff``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.container.many import container_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("CONTAINER", min_args=1, max_args=1, aliases=("container diff", "diff"))
_KINDS = "CAD"


def run(cli: "Cli", options: "Options") -> int:
    """Show what changed in a container's file system: added, changed, deleted."""
    if not options.args[0]:
        raise BerthError("Container name cannot be empty")
    changes = cli.client.get(container_path(options.args[0]) + "/changes")
    for change in changes or ():
        cli.out.line(f"{_KINDS[change['Kind']]} {change['Path']}")
    return 0
