"""``berth system prune``."""

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
        Flag("all", "a", "bool", "Remove all unused images not just dangling ones"),
        prune.DRY_RUN,
        Flag("filter", "", "filter", 'Provide filter values (e.g. "label=<key>=<value>")'),
        Flag("force", "f", "bool", "Do not prompt for confirmation"),
        Flag("volumes", "", "bool", "Prune anonymous volumes"),
    ),
)


def run(cli: "Cli", options: "Options") -> int:
    """Remove stopped containers, unused networks, images, build cache, and volumes when asked to."""
    pairs = prune.wanted_filters(cli, options.filter)
    if options.volumes and any(name == "until" for name, _ in options.filter):
        raise InvalidArgument('ERROR: The "until" filter is not supported with "--volumes"')
    if not (options.force or options.dry_run) and not prune.confirmed(cli, _warning(options, pairs)):
        return 0
    blocks = [prune.containers(cli, pairs, dry=options.dry_run)]
    prune.show(cli, blocks[-1][0])
    prune.show(cli, prune.networks(cli, pairs, dry=options.dry_run))
    if options.volumes:
        blocks.append(prune.volumes(cli, pairs, dry=options.dry_run))
        prune.show(cli, blocks[-1][0])
    blocks.append(prune.images(cli, pairs, every=options.all, dry=options.dry_run))
    prune.show(cli, blocks[-1][0])
    if not options.dry_run:
        blocks.append(prune.build_cache(cli, pairs, every=options.all))
        prune.show(cli, blocks[-1][0])
    prune.show_total(cli, sum(gained for _, gained in blocks), dry=options.dry_run)
    return 0


def _warning(options: "Options", pairs: "prune.Pairs") -> str:
    lines = ["all stopped containers", "all networks not used by at least one container"]
    if options.volumes:
        lines.append("all anonymous volumes not used by at least one container")
    if options.all:
        lines += ["all images without at least one container associated to them", "all build cache"]
    else:
        lines += ["all dangling images", "unused build cache"]
    text = "WARNING! This will remove:\n" + "".join(f"  - {line}\n" for line in lines) + "\n"
    shown = sorted(f"{name}={value}" for name, value in pairs if name in ("label", "label!", "until"))
    if shown:
        text += (
            "  Items to be pruned will be filtered with:\n"
            + "".join(f"  - {line}\n" for line in shown)
            + "\n"
        )
    return text + prune.SURE
