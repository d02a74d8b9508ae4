"""``berth load``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.files import FileStream, open_input
from berth.cli.image.platform import platform_flag, platform_query
from berth.cli.progress import show_progress
from berth.cli.streams import is_terminal

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        Flag("input", "i", "string", "Read from tar archive file, instead of STDIN"),
        platform_flag("Load only the given platform variant."),
        Flag("quiet", "q", "bool", "Suppress the load output"),
    ),
    aliases=("image load", "load"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Send an archive of images to the daemon and print the names that came of it."""
    source = cli.stdin
    if options.input:
        source = open_input(options.input)
    elif is_terminal(source):
        raise BerthError("requested load from stdin, but stdin is empty")
    quiet = options.quiet or not cli.out.is_terminal()
    query = {"quiet": quiet, **(platform_query(options.platform) or {})}
    headers = {"Content-Type": "application/x-tar"}
    answer = cli.client.request("POST", "/images/load", query, stream=FileStream(source), headers=headers)
    if answer.headers.get("content-type", "").startswith("application/json"):
        show_progress(answer.json_lines(), cli.out)
    else:
        for piece in answer.pieces():
            cli.out.write_bytes(piece)
    return 0
