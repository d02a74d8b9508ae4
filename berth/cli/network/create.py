"""``berth network create``."""

from berth.cli.command import Command
from berth.cli.container.spec.files import as_map
from berth.cli.container.spec.values import label
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from berth.cli.cli import Cli
    from berth.cli.flags import Options

COMMAND = Command(
    "[OPTIONS] NETWORK",
    (
        Flag("attachable", "", "bool", "Enable manual container attachment"),
        Flag(
            "aux-address",
            "",
            "map",
            "Auxiliary IPv4 or IPv6 addresses used by Network driver",
            shown="map[]",
        ),
        Flag("config-from", "", "string", "The network from which to copy the configuration"),
        Flag("config-only", "", "bool", "Create a configuration only network"),
        Flag("driver", "d", "string", "Driver to manage the Network", default="bridge"),
        Flag("gateway", "", "stringSlice", "IPv4 or IPv6 Gateway for the master subnet"),
        Flag("ingress", "", "bool", "Create swarm routing-mesh network"),
        Flag("internal", "", "bool", "Restrict external access to the network"),
        Flag("ip-range", "", "stringSlice", "Allocate container ip from a sub-range"),
        Flag("ipam-driver", "", "string", "IP Address Management Driver", default="default"),
        Flag("ipam-opt", "", "map", "Set IPAM driver specific options", shown="map[]"),
        Flag("ipv4", "", "bool", "Enable or disable IPv4 address assignment", default=True),
        Flag("ipv6", "", "bool", "Enable or disable IPv6 address assignment"),
        Flag("label", "", "list", "Set metadata on a network", parse=label),
        Flag("opt", "o", "map", "Set driver specific options", shown="map[]"),
        Flag("scope", "", "string", "Control the network's scope"),
        Flag("subnet", "", "stringSlice", "Subnet in CIDR format that represents a network segment"),
    ),
    min_args=1,
    max_args=1,
)


def run(cli: "Cli", options: "Options") -> int:
    """Make a network; prints its id."""
    from berth.cli.network.ipam import ipam_config

    config_from = {"Network": options.config_from} if options.config_from else None
    body = {
        "Name": options.args[0],
        "Driver": options.driver,
        "Scope": options.scope,
        "EnableIPv4": options.ipv4 if options.changed("ipv4") else None,
        "EnableIPv6": options.ipv6 if options.changed("ipv6") else None,
        "IPAM": {
            "Driver": options.ipam_driver,
            "Options": as_map(options.ipam_opt),
            "Config": ipam_config(
                options.subnet, options.ip_range, options.gateway, as_map(options.aux_address)
            ),
        },
        "Internal": options.internal,
        "Attachable": options.attachable,
        "Ingress": options.ingress,
        "ConfigOnly": options.config_only,
        "ConfigFrom": config_from,
        "Options": as_map(options.opt),
        "Labels": as_map(options.label),
    }
    body = {name: value for name, value in body.items() if value is not None}
    cli.out.line(cli.client.post("/networks/create", None, body)["Id"])
    return 0
