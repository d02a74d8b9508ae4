"""``berth network rm``."""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "NETWORK [NETWORK...]",
    (Flag("force", "f", "bool", "Do not error if the network does not exist"),),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("network rm", "network remove"),
)
_NOT_FOUND = 404


def run(cli: "Cli", options: "Options") -> int:
    """Remove networks; prints their names, and each error at its place."""
    failed = False
    for name in options.args:
        try:
            if not name.strip():
                raise BerthError("invalid network name or ID: value is empty")
            cli.client.request("DELETE", f"/networks/{quote_path(name)}").close()
        except BerthError as error:
            if options.force and isinstance(error, ApiError) and error.status == _NOT_FOUND:
                continue
            cli.note(str(error))
            failed = True
        else:
            cli.out.line(name)
    if failed:
        raise Exit(1, "exit status 1")
    return 0
