"""``berth container inspect``."""

from berth.cli.command import UNLIMITED, Command
from berth.cli.container.many import container_path
from berth.cli.flags import Flag
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.inspection import Found, inspect

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    (INSPECT_FORMAT, Flag("size", "s", "bool", "Display total file sizes")),
    min_args=1,
    max_args=UNLIMITED,
)


def run(cli: "Cli", options: "Options") -> int:
    """Show everything about the containers."""
    return inspect(cli, options.args, options.format, lambda name: find(cli, name, size=options.size))


def find(cli: "Cli", name: str, *, size: bool) -> Found:
    """One container; NotFound as ApiError 404."""
    answer = cli.client.request("GET", container_path(name) + "/json", {"size": size or None})
    return Found(answer.read().decode("utf-8", "replace"), "container.InspectResponse")
