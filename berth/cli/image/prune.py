"""``berth image prune``."""

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
        Flag("all", "a", "bool", "Remove all unused images, not just dangling ones"),
        prune.DRY_RUN,
        Flag("filter", "", "filter", 'Provide filter values (e.g. "until=<timestamp>")'),
        Flag("force", "f", "bool", "Do not prompt for confirmation"),
    ),
)
_DANGLING = f"WARNING! This will remove all dangling images.\n{prune.SURE}"
_ALL = (
    f"WARNING! This will remove all images without at least one container associated to them.\n{prune.SURE}"
)


def run(cli: "Cli", options: "Options") -> int:
    """Remove dangling images, or with --all every unused one, after asking."""
    pairs = prune.wanted_filters(cli, options.filter)
    if not (options.force or options.dry_run) and not prune.confirmed(
        cli, _ALL if options.all else _DANGLING
    ):
        return 0
    output, gained = prune.images(cli, pairs, every=options.all, dry=options.dry_run)
    prune.show(cli, output)
    prune.show_total(cli, gained, dry=options.dry_run)
    return 0
