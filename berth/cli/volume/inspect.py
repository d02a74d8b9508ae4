"""``berth volume inspect``."""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.inspection import Found, inspect
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command("[OPTIONS] VOLUME [VOLUME...]", (INSPECT_FORMAT,), min_args=1, max_args=UNLIMITED)


def run(cli: "Cli", options: "Options") -> int:
    """Show everything about the volumes."""
    return inspect(cli, options.args, options.format, lambda name: find(cli, name)._replace(raw=False))


def find(cli: "Cli", name: str) -> Found:
    """One volume; NotFound as ApiError 404."""
    if not name.strip():
        raise BerthError("invalid volume name or ID: value is empty")
    answer = cli.client.request("GET", f"/volumes/{quote_path(name)}")
    return Found(answer.read().decode("utf-8", "replace"), "volume.Volume")
