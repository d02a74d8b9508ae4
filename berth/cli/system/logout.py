"""``berth logout``."""

from berth.base.errors import BerthError
from berth.cli.command import Command

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[SERVER]",
    max_args=1,
    long="Log out from a registry.\nIf no server is specified, the default is defined by the daemon.",
)


def run(cli: "Cli", options: "Options") -> int:
    """Forget the credentials that are kept for a registry; the daemon keeps none."""
    from berth.cli.credentials import erase, server_key

    server = server_key(options.args[0] if options.args else "")
    cli.out.line(f"Removing login credentials for {server}")
    cli.out.flush()
    try:
        erase(cli.config, server, cli.env)
    except BerthError as error:
        cli.note(f"WARNING: could not erase credentials:\n{server}: {error}")
    return 0
