"""``berth builder prune``."""

from berth.cli import prune
from berth.cli.command import Command
from berth.cli.container.spec.numbers import parse_bytes
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
        Flag(
            "keep-storage", "", "bytes", "Amount of disk space to keep for cache", parse=parse_bytes,
            dest="reserved_space",
        ),
        Flag(
            "reserved-space", "", "bytes", "Amount of disk space always allowed to keep for cache",
            parse=parse_bytes,
        ),
        Flag(
            "max-used-space", "", "bytes", "Maximum amount of disk space allowed to keep for cache",
            parse=parse_bytes,
        ),
        Flag(
            "min-free-space", "", "bytes", "Target amount of free disk space after pruning", parse=parse_bytes
        ),
        Flag("verbose", "", "bool", "Provide a more verbose output", hidden=True),
    ),
)  # fmt: skip
_DANGLING = f"WARNING! This will remove all dangling build cache. {prune.SURE}"
_ALL = f"WARNING! This will remove all build cache. {prune.SURE}"


def run(cli: "Cli", options: "Options") -> int:
    """Remove what builds left behind to be quicker next time, after asking."""
    pairs = prune.wanted_filters(cli, options.filter)
    if not options.force and not prune.confirmed(cli, _ALL if options.all else _DANGLING):
        return 0
    output, gained = prune.build_cache(cli, pairs, every=options.all, room=_room(cli, options))
    prune.show(cli, output)
    prune.show_total(cli, gained)
    return 0


def _room(cli: "Cli", options: "Options") -> dict[str, int]:
    """What may stay, in the words of the daemon's version."""
    room = {
        "reserved-space": options.reserved_space,
        "max-used-space": options.max_used_space,
        "min-free-space": options.min_free_space,
    }
    found = {name: value for name, value in room.items() if value}
    if found and not cli.client.at_least("1.48"):
        return {"keep-storage": options.reserved_space} if options.reserved_space else {}
    return found
