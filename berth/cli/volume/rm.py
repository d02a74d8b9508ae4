"""``berth volume rm``."""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.format.removal import remove_each
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] VOLUME [VOLUME...]",
    (Flag("force", "f", "bool", "Force the removal of one or more volumes"),),
    min_args=1,
    max_args=UNLIMITED,
    aliases=("volume rm", "volume remove"),
    long="Remove one or more volumes. You cannot remove a volume that is in use by a container.",
)


def run(cli: "Cli", options: "Options") -> int:
    """Remove volumes; prints their names."""

    def remove(name: str) -> None:
        if not name.strip():
            raise BerthError("invalid volume name or ID: value is empty")
        query = {"force": options.force or None}
        cli.client.request("DELETE", f"/volumes/{quote_path(name)}", query).close()

    return remove_each(cli, options.args, remove)
