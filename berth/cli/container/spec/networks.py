"""``--network`` in both notations, and the endpoint settings that the network flags become."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec.csvline import split_record
from berth.cli.container.spec.numbers import is_mac, parse_plain_int
from berth.cli.flags import quote

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.flags import Options

_FIXED = ("default", "bridge", "host", "none")
# field of --network, flag beside it, its name in errors
_SCALARS = {"ip": "IPv4Address", "ip6": "IPv6Address", "mac-address": "MacAddress"}
_LISTS = {"alias": "Aliases", "link-local-ip": "LinkLocalIPs"}
_CONFLICTS = (
    ("Aliases", "network_alias", "--network-alias and per-network alias"),
    ("IPv4Address", "ip", "--ip and per-network IPv4 address"),
    ("IPv6Address", "ip6", "--ip6 and per-network IPv6 address"),
    ("MacAddress", "mac_address", "--mac-address and per-network MAC address"),
    ("LinkLocalIPs", "link_local_ip", "--link-local-ip and per-network link-local IP addresses"),
)


def parse_network(text: str) -> "dict[str, Any]":
    """One ``--network``: a name, or ``name=x,alias=y,...``; ``Target`` is the network."""
    if not _is_long_form(text):
        return {"Target": text}
    found: dict[str, Any] = {"Target": ""}
    for field in split_record(text):
        key, equals, value = field.lower().partition("=")
        if not equals or not key:
            raise InvalidArgument(f"invalid field {field}")
        _set(found, key.strip(), value.strip())
    if not found["Target"]:
        raise InvalidArgument("network name/id is not specified")
    return found


def _is_long_form(text: str) -> bool:
    """Whether a ``word=word`` stands anywhere in the text."""
    name, equals, value = text.partition("=")
    while equals:
        if name[-1:].replace("_", "a").isalnum() and value[:1].replace("_", "a").isalnum():
            return True
        name, equals, value = value.partition("=")
    return False


def _set(found: "dict[str, Any]", key: str, value: str) -> None:
    if key == "name":
        found["Target"] = value
    elif key in _SCALARS:
        found[_SCALARS[key]] = value
    elif key in _LISTS:
        found.setdefault(_LISTS[key], []).append(value)
    elif key == "driver-opt":
        option, equals, text = value.partition("=")
        if not equals or not option:
            raise InvalidArgument("invalid key value pair format in driver options")
        found.setdefault("DriverOpts", {})[option.strip()] = text.strip()
    elif key == "gw-priority":
        try:
            found["GwPriority"] = parse_plain_int(value)
        except InvalidArgument as error:
            raise InvalidArgument(f"invalid gw-priority ({value}): {error}") from None
    else:
        raise InvalidArgument(f"invalid field key {key}")


def is_user_defined(name: str) -> bool:
    """Whether ``name`` is a network that somebody made, not one of the fixed modes."""
    return name not in _FIXED and not name.startswith("container:")


def network_mode(options: "Options") -> str:
    """The first network's name, which is the container's network mode."""
    return str(options.network[0]["Target"]) if options.network else "default"


def endpoints(options: "Options") -> "dict[str, Any]":
    """Endpoint settings by network name. Flags such as ``--ip`` belong to the first network.

    A single network without any setting is left out: the engine makes its endpoint anyway.
    """
    wanted = [dict(network) for network in options.network] or [{"Target": "default"}]
    kinds = {is_user_defined(network["Target"]) for network in options.network}
    settings: dict[str, Any] = {}
    for index, network in enumerate(wanted):
        if index == 0:
            _apply_flags(network, options)
        endpoint, plain = _endpoint(network)
        if network["Target"] in settings:
            raise InvalidArgument(f"network {quote(network['Target'])} is specified multiple times")
        if plain and len(options.network) == 1:
            continue
        settings[network["Target"]] = endpoint
    if len(kinds) > 1:
        raise InvalidArgument(
            "conflicting options: cannot attach both user-defined and non-user-defined network-modes"
        )
    return settings


def _apply_flags(network: "dict[str, Any]", options: "Options") -> None:
    for field, flag, words in _CONFLICTS:
        value = getattr(options, flag)
        if value and network.get(field):
            raise InvalidArgument(f"conflicting options: cannot specify both {words}")
        if value:
            network[field] = value
    if options.link and is_user_defined(network["Target"]):
        network["Links"] = options.link


def _endpoint(network: "dict[str, Any]") -> "tuple[dict[str, Any], bool]":
    """The settings in the API's form, and whether they say nothing."""
    target = network["Target"]
    if not target.strip():
        raise InvalidArgument("no name set for network")
    if not is_user_defined(target):
        if network.get("Aliases"):
            raise InvalidArgument("network-scoped aliases are only supported for user-defined networks")
        if network.get("Links"):
            raise InvalidArgument("links are only supported for user-defined networks")
    mac = network.get("MacAddress", "")
    if mac and not is_mac(mac):
        raise InvalidArgument(f"{mac} is not a valid mac address")
    ipam = None
    if network.get("IPv4Address") or network.get("IPv6Address") or network.get("LinkLocalIPs"):
        names = ("IPv4Address", "IPv6Address", "LinkLocalIPs")
        ipam = {name: network[name] for name in names if network.get(name)}
    endpoint = {
        "IPAMConfig": ipam,
        "Links": network.get("Links"),
        "Aliases": network.get("Aliases") or None,
        "MacAddress": mac,
        "DriverOpts": network.get("DriverOpts"),
        "GwPriority": network.get("GwPriority", 0),
    }
    plain = not any(endpoint.values())
    endpoint |= {
        "NetworkID": "", "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0,
        "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": None,
    }  # fmt: skip
    return endpoint, plain
