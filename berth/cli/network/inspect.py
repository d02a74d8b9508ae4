"""``berth network inspect``."""

from berth.base.errors import BerthError
from berth.cli.command import UNLIMITED, Command
from berth.cli.flags import Flag
from berth.cli.format.flags import INSPECT_FORMAT
from berth.cli.format.inspection import Found, inspect
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NETWORK [NETWORK...]",
    (INSPECT_FORMAT, Flag("verbose", "v", "bool", "Verbose output for diagnostics")),
    min_args=1,
    max_args=UNLIMITED,
)


def run(cli: "Cli", options: "Options") -> int:
    """Show everything about the networks."""
    return inspect(cli, options.args, options.format, lambda name: find(cli, name, verbose=options.verbose))


def find(cli: "Cli", name: str, *, verbose: bool = False) -> Found:
    """One network; NotFound as ApiError 404."""
    if not name.strip():
        raise BerthError("invalid network name or ID: value is empty")
    query = {"verbose": "true" if verbose else None}
    answer = cli.client.request("GET", f"/networks/{quote_path(name)}", query)
    return Found(answer.read().decode("utf-8", "replace"), "network.Inspect")
