"""``berth volume create``."""

from berth.base.errors import InvalidArgument, Unsupported
from berth.cli.command import Command
from berth.cli.container.spec.files import as_map
from berth.cli.container.spec.values import label
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

CLUSTER_FLAGS = (
    Flag(
        "availability", "", "string", 'Cluster Volume availability ("active", "pause", "drain")',
        default="active",
    ),
    Flag("group", "", "string", "Cluster Volume group (cluster volumes)"),
    Flag("limit-bytes", "", "bytes", "Minimum size of the Cluster Volume in bytes"),
    Flag("required-bytes", "", "bytes", "Maximum size of the Cluster Volume in bytes"),
    Flag("scope", "", "string", 'Cluster Volume access scope ("single", "multi")', default="single"),
    Flag("secret", "", "map", "Cluster Volume secrets", shown="map[]"),
    Flag(
        "sharing", "", "string",
        'Cluster Volume access sharing ("none", "readonly", "onewriter", "all")', default="none",
    ),
    Flag("topology-preferred", "", "list", "A topology that the Cluster Volume would be preferred in"),
    Flag("topology-required", "", "list", "A topology that the Cluster Volume must be accessible from"),
    Flag("type", "", "string", 'Cluster Volume access type ("mount", "block")', default="block"),
)  # fmt: skip
COMMAND = Command(
    "[OPTIONS] [VOLUME]",
    (
        *CLUSTER_FLAGS,
        Flag("driver", "d", "string", "Specify volume driver name", default="local"),
        Flag("label", "", "list", "Set metadata for a volume", parse=label),
        Flag("name", "", "string", "Specify volume name", hidden=True),
        Flag("opt", "o", "map", "Set driver specific options", shown="map[]"),
    ),
    max_args=1,
)


def run(cli: "Cli", options: "Options") -> int:
    """Make a volume; prints its name."""
    for flag in CLUSTER_FLAGS:
        if options.changed(flag.dest):
            raise Unsupported(f"--{flag.name}: cluster volumes need a swarm, and there is none")
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
