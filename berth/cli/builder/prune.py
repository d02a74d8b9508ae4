"""``berth builder prune``."""

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
        Flag("all", "a", "bool", "Remove all unused build cache, not just dangling ones"),
        Flag("filter", "", "filter", 'Provide filter values (e.g. "until=24h")'),
        Flag("force", "f", "bool", "Do not prompt for confirmation"),
    ),
)
_DANGLING = f"WARNING! This will remove all dangling build cache. {prune.SURE}"
_ALL = f"WARNING! This will remove all build cache. {prune.SURE}"


def run(cli: "Cli", options: "Options") -> int:
    """Remove what builds left behind to be quicker next time, after asking."""
    pairs = prune.wanted_filters(cli, options.filter)
    if not options.force and not prune.confirmed(cli, _ALL if options.all else _DANGLING):
        return 0
    output, gained = prune.build_cache(cli, pairs, every=options.all)
    prune.show(cli, output)
    prune.show_total(cli, gained)
    return 0
