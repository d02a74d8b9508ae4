"""``berth pull``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.container.spec.image import ImageName
from berth.cli.flags import Flag
from berth.cli.image.name import parse_name
from berth.cli.pull import pull_image

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    (
        Flag("all-tags", "a", "bool", "Download all tagged images in the repository"),
        Flag("disable-content-trust", "", "bool", "Skip image verification", default=True),
        Flag("platform", "", "string", "Set platform if server is multi-platform capable"),
        Flag("quiet", "q", "bool", "Suppress verbose output"),
    ),
    min_args=1,
    max_args=1,
    aliases=("image pull", "pull"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Have an image here, and print its whole name."""
    name = parse_name(options.args[0])
    if options.all_tags and (name.tag or name.digest):
        raise BerthError("tag can't be used with --all-tags/-a")
    if not options.all_tags and not name.tag and not name.digest:
        name = ImageName(name.domain, name.path, "latest", "")
        if not options.quiet:
            cli.out.line("Using default tag: latest")
            cli.out.flush()
    pull_image(cli, name, platform=options.platform, quiet=options.quiet, out=cli.out, every=options.all_tags)
    cli.out.line(name.full)
    return 0
