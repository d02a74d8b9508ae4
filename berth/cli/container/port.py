"""``berth port``."""

from berth.base.errors import BerthError
from berth.cli.command import Command
from berth.cli.container.many import container_path
from berth.cli.format.text import join_host_port, natural_key

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "CONTAINER [PRIVATE_PORT[/PROTO]]", min_args=1, max_args=2, aliases=("container port", "port")
)
_LARGEST = 65535


def run(cli: "Cli", options: "Options") -> int:
    """Show where the ports of a container are published, or where one of them is."""
    name = options.args[0]
    found = cli.client.get(container_path(name) + "/json")
    ports = (found.get("NetworkSettings") or {}).get("Ports") or {}
    if len(options.args) > 1 and options.args[1]:
        wanted = options.args[1]
        number, _, protocol = wanted.partition("/")
        _check(number)
        published = ports.get(f"{number}/{protocol or 'tcp'}")
        if not published:
            raise BerthError(f"Error: No public port '{wanted}' published for {name}")
        lines = [_address(entry) for entry in published]
    else:
        lines = [f"{port} -> {_address(entry)}" for port, entries in ports.items() for entry in entries or ()]
    for line in sorted(lines, key=natural_key):
        cli.out.line(line)
    return 0


def _address(entry: "dict[str, str]") -> str:
    return join_host_port(entry.get("HostIp", ""), entry.get("HostPort", ""))


def _check(number: str) -> None:
    reason = ""
    if not number.isascii() or not number.isdigit():
        reason = "invalid syntax"
    elif int(number) > _LARGEST:
        reason = "value out of range"
    if reason:
        raise BerthError(f'Error: invalid port ({number}): strconv.ParseUint: parsing "{number}": {reason}')
