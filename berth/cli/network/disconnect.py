"""``berth network disconnect``."""

from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NETWORK CONTAINER",
    (Flag("force", "f", "bool", "Force the container to disconnect from a network"),),
    min_args=2,
    max_args=2,
)


def run(cli: "Cli", options: "Options") -> int:
    """Take a container out of a network; silent."""
    network, container = options.args
    body = {"Container": container, "Force": options.force}
    cli.client.request("POST", f"/networks/{quote_path(network)}/disconnect", body=body).close()
    return 0
