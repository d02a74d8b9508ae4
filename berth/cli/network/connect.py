"""``berth network connect``."""

from berth.base.errors import InvalidArgument
from berth.cli.command import Command
from berth.cli.container.spec.values import link
from berth.cli.flags import Flag
from berth.client.target import quote_path

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NETWORK CONTAINER",
    (
        Flag("alias", "", "stringSlice", "Add network-scoped alias for the container"),
        Flag("driver-opt", "", "stringSlice", "driver options for the network"),
        Flag(
            "gw-priority",
            "",
            "int",
            "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
        ),
        Flag("ip", "", "string", 'IPv4 address (e.g., "172.30.100.104")'),
        Flag("ip6", "", "string", 'IPv6 address (e.g., "2001:db8::33")'),
        Flag("link", "", "list", "Add link to another container", parse=link),
        Flag("link-local-ip", "", "stringSlice", "Add a link-local address for the container"),
    ),
    min_args=2,
    max_args=2,
)


def run(cli: "Cli", options: "Options") -> int:
    """Put a container into a network; silent."""
    network, container = options.args
    addresses = {
        "IPv4Address": options.ip,
        "IPv6Address": options.ip6,
        "LinkLocalIPs": options.link_local_ip,
    }
    body = {
        "Container": container,
        "EndpointConfig": {
            "IPAMConfig": {name: value for name, value in addresses.items() if value},
            "Links": options.link or None,
            "Aliases": options.alias,
            "DriverOpts": _driver_options(options.driver_opt),
            "GwPriority": options.gw_priority,
        },
    }
    cli.client.request("POST", f"/networks/{quote_path(network)}/connect", body=body).close()
    return 0


def _driver_options(pairs: "list[str]") -> "dict[str, str]":
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise InvalidArgument("invalid key/value pair format in driver options")
        found[key.strip()] = value.strip()
    return found
