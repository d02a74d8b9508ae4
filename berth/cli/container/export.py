"""``berth export``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.container.many import container_path
from berth.cli.flags import Flag
from berth.cli.format.files import check_output, write_whole

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER",
    (Flag("output", "o", "string", "Write to a file, instead of STDOUT"),),
    min_args=1,
    max_args=1,
    aliases=("container export", "export"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Write a container's file system as one archive; a file appears whole or not at all."""
    path = container_path(options.args[0]) + "/export"
    if options.output:
        check_output(options.output, "failed to export container")
        write_whole(options.output, cli.client.request("GET", path).pieces())
        return 0
    if cli.out.is_terminal():
        raise BerthError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    for piece in cli.client.request("GET", path).pieces():
        cli.out.write_bytes(piece)
    return 0
