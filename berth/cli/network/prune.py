"""``berth network prune``."""

from berth.cli import prune
from berth.cli.command import Command
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        prune.DRY_RUN,
        Flag("filter", "", "filter", 'Provide filter values (e.g. "until=<timestamp>")'),
        Flag("force", "f", "bool", "Do not prompt for confirmation"),
    ),
)
WARNING = f"WARNING! This will remove all custom networks not used by at least one container.\n{prune.SURE}"


def run(cli: "Cli", options: "Options") -> int:
    """Remove all unused networks, after asking."""
    pairs = prune.wanted_filters(cli, options.filter)
    if options.force or options.dry_run or prune.confirmed(cli, WARNING):
        prune.show(cli, prune.networks(cli, pairs, dry=options.dry_run))
    return 0
