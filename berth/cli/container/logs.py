"""``berth logs``."""

from berth.cli.command import Command
from berth.cli.container.many import container_path
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_WHEN = 'timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)'
COMMAND = Command(
    "[OPTIONS] CONTAINER",
    (
        Flag("details", "", "bool", "Show extra details provided to logs"),
        Flag("follow", "f", "bool", "Follow log output"),
        Flag("since", "", "string", f"Show logs since {_WHEN}"),
        Flag("tail", "n", "string", "Number of lines to show from the end of the logs", default="all"),
        Flag("timestamps", "t", "bool", "Show timestamps"),
        Flag("until", "", "string", f"Show logs before a {_WHEN}"),
    ),
    min_args=1,
    max_args=1,
    aliases=("container logs", "logs"),
)


def run(cli: "Cli", options: "Options") -> int:
    """Print what a container wrote: its standard output to ours, its standard error to ours."""
    from berth.cli.times import timestamp

    path = container_path(options.args[0])
    found = cli.client.get(f"{path}/json")
    query = {
        "stdout": True,
        "stderr": True,
        "since": timestamp(options.since, "since") or None,
        "until": timestamp(options.until, "until") or None,
        "timestamps": options.timestamps or None,
        "details": options.details or None,
        "follow": options.follow or None,
        "tail": options.tail,
    }
    answer = cli.client.request("GET", f"/containers/{found['Id']}/logs", query)
    if found["Config"]["Tty"]:
        for piece in answer.pieces():
            cli.out.write_bytes(piece)
            cli.out.flush()
        return 0
    from berth.wire.stdcopy import Demultiplexer

    demultiplexer = Demultiplexer()
    for piece in answer.pieces():
        for stream, payload in demultiplexer.feed(piece):
            target, other = (cli.err, cli.out) if stream >= 2 else (cli.out, cli.err)
            other.flush()
            target.write_bytes(payload)
        cli.flush()
    return 0
