"""``berth rename``."""

from berth.base.errors import InvalidArgument
from berth.cli.cli import Exit
from berth.cli.command import Command
from berth.client.errors import ApiError
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("CONTAINER NEW_NAME", min_args=2, max_args=2, aliases=("container rename", "rename"))


def run(cli: "Cli", options: "Options") -> int:
    """Rename a container, silently."""
    old, new = (text.strip() for text in options.args)
    if not old or not new:
        raise InvalidArgument("Error: Neither old nor new names may be empty")
    try:
        cli.client.post(f"/containers/{quote_path(old)}/rename", {"name": new})
    except ApiError as error:
        raise Exit(1, f"{error}\nError: failed to rename container named {old}", hint=error.hint) from None
    return 0
