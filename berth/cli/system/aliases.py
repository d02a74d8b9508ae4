"""``berth system install-aliases``: let this client answer to ``docker`` and ``nvidia-docker`` too."""

import os
import sys

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

NAMES = ("docker", "nvidia-docker")
COMMAND = Command(
    "[OPTIONS]",
    (
        Flag("dir", "", "string", "Directory for the links (default: beside this client)"),
        Flag("force", "f", "bool", "Replace files of the same name"),
        Flag("remove", "", "bool", "Remove the links again"),
    ),
    long="Make this client answer to docker and nvidia-docker too\n\n"
    "Makes symbolic links; the name a command is called by is the name it shows. nvidia-docker\n"
    "adds --runtime=nvidia to run and create.",
)


def run(cli: "Cli", options: "Options") -> int:
    """Make or remove the links and print each."""
    own = os.path.realpath(sys.argv[0])
    folder = options.dir or os.path.dirname(own)
    for name in NAMES:
        path = os.path.join(folder, name)
        ours = os.path.islink(path) and os.path.realpath(path) == own
        if os.path.lexists(path) and not ours and (options.remove or not options.force):
            raise BerthError(
                f"{path} exists and is not a link to this client",
                hint=None if options.remove else "choose another directory with --dir, or use --force",
            )
        try:
            if os.path.lexists(path):
                os.unlink(path)
            if not options.remove:
                os.symlink(own, path)
        except OSError as error:
            raise BerthError(f"{path}: {error.strerror}") from None
        cli.out.line(f"removed {path}" if options.remove else f"{path} -> {own}")
    return 0
