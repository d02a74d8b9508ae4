"""``berth image bootstrap``: a base image without a registry, from the distribution's own packages."""

from berth.base.errors import InvalidArgument
from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.progress import show_progress

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NAME[:TAG]",
    (
        Flag("busybox", "", "bool", "Make a tiny image that holds only busybox"),
        Flag("include", "", "stringSlice", "More packages to install in the image"),
        Flag("suite", "", "string", "Release to install (default: that of this machine)"),
    ),
    min_args=1,
    max_args=1,
    long="Make a base image from the distribution's own packages, for machines that reach no registry",
)


def run(cli: "Cli", options: "Options") -> int:
    """Have the daemon make the image; prints its progress."""
    if options.busybox and (options.suite or options.include):
        raise InvalidArgument("conflicting options: --busybox takes neither --suite nor --include")
    wanted = {
        "name": options.args[0],
        "suite": "busybox" if options.busybox else options.suite,
        "include": options.include,
    }
    show_progress(cli.client.request("POST", "/berth/images/bootstrap", body=wanted).json_lines(), cli.out)
    return 0
