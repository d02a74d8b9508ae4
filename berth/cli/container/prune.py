"""``berth container prune``."""

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
WARNING = f"WARNING! This will remove all stopped containers.\n{prune.SURE}"


def run(cli: "Cli", options: "Options") -> int:
    """Remove all stopped containers, after asking."""
    pairs = prune.wanted_filters(cli, options.filter)
    if not (options.force or options.dry_run) and not prune.confirmed(cli, WARNING):
        return 0
    output, gained = prune.containers(cli, pairs, dry=options.dry_run)
    prune.show(cli, output)
    prune.show_total(cli, gained, dry=options.dry_run)
    return 0
