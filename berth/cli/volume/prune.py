"""``berth volume prune``."""

from berth.base.errors import InvalidArgument
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
        Flag("all", "a", "bool", "Remove all unused volumes, not just anonymous ones", api="1.42"),
        prune.DRY_RUN,
        Flag("filter", "", "filter", 'Provide filter values (e.g. "label=<label>")'),
        Flag("force", "f", "bool", "Do not prompt for confirmation"),
    ),
)
_ANONYMOUS = (
    f"WARNING! This will remove anonymous local volumes not used by at least one container.\n{prune.SURE}"
)
_ALL = f"WARNING! This will remove all local volumes not used by at least one container.\n{prune.SURE}"


def run(cli: "Cli", options: "Options") -> int:
    """Remove unused anonymous volumes, or with --all the named ones too, after asking."""
    pairs = prune.wanted_filters(cli, options.filter)
    warning = _ANONYMOUS
    if not cli.client.at_least("1.42"):
        warning = _ALL  # such an engine takes named volumes too, whatever is asked
    elif options.all:
        if any(name == "all" for name, _ in pairs):
            raise InvalidArgument("conflicting options: cannot specify both --all and --filter all=1")
        pairs.append(("all", "true"))
        warning = _ALL
    if not (options.force or options.dry_run) and not prune.confirmed(cli, warning):
        return 0
    output, gained = prune.volumes(cli, pairs, dry=options.dry_run)
    prune.show(cli, output)
    prune.show_total(cli, gained, dry=options.dry_run)
    return 0
