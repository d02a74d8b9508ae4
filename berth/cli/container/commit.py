"""``berth commit``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    (
        Flag("author", "a", "string", 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'),
        Flag("change", "c", "list", "Apply Dockerfile instruction to the created image"),
        Flag("message", "m", "string", "Commit message"),
        Flag("no-pause", "", "bool", "Disable pausing container during commit"),
        Flag("pause", "p", "bool", "Pause container during commit", default=True),
    ),
    min_args=1,
    max_args=2,
    aliases=("container commit", "commit"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Make an image of a container's changes; prints its id."""
    name = options.args[1] if len(options.args) > 1 else ""
    query = {
        "container": options.args[0],
        "comment": options.message or None,
        "author": options.author or None,
        "changes": options.change,
        "pause": None if options.pause and not options.no_pause else "0",
    }
    if name:
        from berth.base.reference import parse_reference

        reference = parse_reference(name)
        if reference.digest:
            raise BerthError("refusing to create a tag with a digest reference")
        query["repo"], query["tag"] = reference.familiar_name, reference.with_default_tag().tag
    cli.out.line(cli.client.post("/commit", query)["Id"])
    return 0
