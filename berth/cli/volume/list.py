"""``berth volume ls``."""

from berth.cli.command import Command
from berth.cli.flags import Flag
from berth.cli.format.custom import formatted
from berth.cli.format.flags import FORMAT
from berth.cli.format.rows import RAW, TABLE, column_table, lines_of
from berth.cli.format.text import natural_key
from berth.cli.volume.row import VolumeRow
from berth.client.target import filters

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS]",
    (
        Flag(
            "cluster",
            "",
            "bool",
            "Display only cluster volumes, and use cluster volume list formatting",
        ),
        Flag("filter", "f", "filter", 'Provide filter values (e.g. "dangling=true")'),
        FORMAT,
        Flag("quiet", "q", "bool", "Only display volume names"),
    ),
    aliases=("volume ls", "volume list"),
)
_CLUSTER = ("Name", "Group", "Driver", "Availability", "Status")


def run(cli: "Cli", options: "Options") -> int:
    """List volumes by name."""
    found = cli.client.get("/volumes", {"filters": filters(options.filter)})
    volumes = found.get("Volumes") or ()
    if options.cluster:
        volumes = [volume for volume in volumes if volume.get("ClusterVolume")]
    listed = sorted(volumes, key=lambda volume: natural_key(volume["Name"]))
    rows = [VolumeRow(volume) for volume in listed]
    text = options.format
    if not text and not options.quiet:
        text = cli.config.text("volumesFormat")
    text = text or TABLE
    if text == TABLE:
        quiet = options.quiet
        columns = _CLUSTER if options.cluster else ("Driver", "Name")
        cli.out.write(lines_of(rows, "Name") if quiet else column_table(rows, VolumeRow, columns))
        return 0
    if text == RAW:
        text = "name: {{.Name}}" if options.quiet else "name: {{.Name}}\\ndriver: {{.Driver}}\\n"
    cli.out.write(formatted(rows, VolumeRow, text))
    return 0
