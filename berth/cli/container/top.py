"""``berth top``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path
from berth.cli.format.table import align_text

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "CONTAINER [ps OPTIONS]",
    min_args=1,
    max_args=UNLIMITED,
    aliases=("container top", "top"),
    interspersed=False,
)
_WIDTH, _PADDING = 20, 3


def run(cli: "Cli", options: "Options") -> int:
    """Show the processes of a container, by their numbers on this machine."""
    name, *words = options.args
    listed = cli.client.get(container_path(name) + "/top", {"ps_args": " ".join(words) or None})
    lines = [listed.get("Titles") or [""], *(listed.get("Processes") or ())]
    text = "\n".join("\t".join(line) for line in lines)
    cli.out.write(align_text(text + "\n", _WIDTH, _PADDING))
    return 0
