"""Which networks a container asks for, by name: the mode, and the endpoints of the request."""

from msgspec.structs import replace

from berth.base.errors import InvalidArgument
from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.network import EndpointSettings, NetworkingConfig


def network_name(host: HostConfig) -> str:
    """The network of the mode; ``default`` is the bridge. Empty for another container's network."""
    if host.network_mode.startswith("container:"):
        return ""
    return "bridge" if host.network_mode in ("", "default") else host.network_mode


def requested_endpoints(
    config: ContainerConfig, host: HostConfig, networking: NetworkingConfig
) -> dict[str, EndpointSettings]:
    """Endpoint settings by network name; the mode's network is always among them."""
    name = network_name(host)
    if not name:
        return {}
    asked = dict(networking.endpoints_config)
    for alias in ("default", host.network_mode):
        # The request may name the mode's network as the user typed it (an id, or "default").
        if alias != name and alias in asked and name not in asked:
            asked[name] = asked.pop(alias)
    settings = asked.pop(name, EndpointSettings())
    if config.mac_address and not settings.mac_address:
        settings = replace(settings, mac_address=config.mac_address)
    if name == "bridge" and (settings.ipam_config or settings.aliases) and _has_address(settings):
        raise InvalidArgument(
            "user specified IP address is supported on user defined networks only",
            hint="make one with: network create --subnet 10.99.0.0/24 NAME",
        )
    return {name: settings, **asked}


def _has_address(settings: EndpointSettings) -> bool:
    ipam = settings.ipam_config
    return bool(ipam and (ipam.ipv4_address or ipam.ipv6_address))
