"""``berth volume create``."""

from berth.base.errors import InvalidArgument
from berth.cli.command import Command
from berth.cli.container.spec.values import label
from berth.cli.flags import Flag
from berth.cli.format.pairs import as_map

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] [VOLUME]",
    (
        Flag("driver", "d", "string", "Specify volume driver name", default="local"),
        Flag("label", "", "list", "Set metadata for a volume", parse=label),
        Flag("name", "", "string", "Specify volume name", hidden=True),
        Flag("opt", "o", "map", "Set driver specific options", shown="map[]"),
    ),
    max_args=1,
)


def run(cli: "Cli", options: "Options") -> int:
    """Make a volume; prints its name."""
    name = options.name
    if options.args:
        if name:
            raise InvalidArgument(
                "conflicting options: cannot specify a volume-name through both --name and as a "
                "positional arg"
            )
        name = options.args[0]
    body = {
        "Name": name,
        "Driver": options.driver,
        "DriverOpts": as_map(options.opt),
        "Labels": as_map(options.label),
    }
    cli.out.line(cli.client.post("/volumes/create", None, body).get("Name", ""))
    return 0
