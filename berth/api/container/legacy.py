"""What a create request of an older API version means today.

Fields that a version did not know are ignored, as the daemon of that time did; defaults that changed since
are put back; refusals that came with a version hold from it on. Each rule names its version.
"""

from collections.abc import Callable

from msgspec.structs import replace

from berth.api.versions import Version
from berth.base.errors import InvalidArgument
from berth.engine.spec.create import CreateRequest
from berth.engine.spec.host import HostConfig
from berth.engine.spec.mounts import Mount
from berth.engine.spec.network import EndpointSettings, NetworkingConfig, PortBinding

_PORTS_WARNING = (
    "Following container port(s) have an empty list of port-bindings: {}. "
    "Such bindings will be discarded in a future version."
)
_DRIVER_WARNING = (
    "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. "
    "Use '--mount type=volume,volume-driver=...' instead"
)
_MAC_WARNING = (
    "The container-wide MacAddress field is now deprecated. "
    "It should be specified in EndpointsConfig instead."
)


def adapt(request: CreateRequest, version: Version) -> tuple[CreateRequest, list[str]]:
    """The request as a client of the newest version would have put it, and warnings for the client."""
    warnings: list[str] = []
    request = replace(
        request,
        host_config=_host(request.host_config, version),
        networking_config=_networks(request.networking_config, request.host_config, version),
    )
    if version < (1, 44) and request.config.healthcheck is not None:
        health = replace(request.config.healthcheck, start_interval=0)
        request = replace(request, config=replace(request.config, healthcheck=health))
    request = _bind_empty_ports(request, version, warnings)
    request = _move_mac_address(request, version, warnings)
    if version >= (1, 48) and _has_ignored_driver(request.host_config):
        warnings.append(_DRIVER_WARNING)
    return request, warnings


def _host(host: HostConfig, version: Version) -> HostConfig:
    if host.network_mode in ("", "default"):
        host = replace(host, network_mode="bridge")
    if version < (1, 40) and not host.ipc_mode:
        host = replace(host, ipc_mode="shareable")
    if version < (1, 42):
        host = replace(host, console_size=(0, 0))
    if version < (1, 43):
        host = replace(host, annotations={})
    if host.pids_limit is not None and host.pids_limit <= 0:
        host = replace(host, pids_limit=None)  # 0 and -1 both mean unlimited
    return replace(host, mounts=tuple(_mount(mount, version) for mount in host.mounts))


def _mount(mount: Mount, version: Version) -> Mount:
    if version < (1, 42):
        return _mount_before_1_42(mount, version)
    given = {
        "VolumeOptions": (mount.volume_options, "volume"),
        "BindOptions": (mount.bind_options, "bind"),
        "TmpfsOptions": (mount.tmpfs_options, "tmpfs"),
    }
    for name, (options, kind) in given.items():
        if options is not None and mount.type != kind:
            raise InvalidArgument(f'{name} must not be specified on mount type "{mount.type}"')
    return _check_mount(mount, version)


def _mount_before_1_42(mount: Mount, version: Version) -> Mount:
    bind = mount.bind_options
    if bind is not None:
        recursive = bind.non_recursive and version >= (1, 40)
        mount = replace(mount, bind_options=replace(bind, create_mountpoint=False, non_recursive=recursive))
    if mount.type != "volume":
        mount = replace(mount, volume_options=None)
    if mount.type != "tmpfs":
        mount = replace(mount, tmpfs_options=None)
    return _check_mount(mount, version)


def _check_mount(mount: Mount, version: Version) -> Mount:
    bind = mount.bind_options
    if version < (1, 44) and mount.type == "bind":
        if bind is not None and bind.read_only_force_recursive:
            raise InvalidArgument("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")
        if bind is not None:  # read-only binds were not recursive before
            mount = replace(mount, bind_options=replace(bind, read_only_non_recursive=mount.read_only))
    if version < (1, 45) and mount.volume_options is not None and mount.volume_options.subpath:
        raise InvalidArgument("VolumeOptions.Subpath needs API v1.45 or newer")
    if version < (1, 48) and mount.type == "image":
        raise InvalidArgument('Mount type "Image" needs API v1.48 or newer')
    return mount


def _networks(networking: NetworkingConfig, host: HostConfig, version: Version) -> NetworkingConfig:
    endpoints = dict(networking.endpoints_config)
    if host.network_mode in ("", "default") and "default" in endpoints:
        endpoints["bridge"] = endpoints.pop("default")
    if version < (1, 44) and len(endpoints) > 1:
        names = ", ".join(endpoints)
        raise InvalidArgument(f"Container cannot be created with multiple network endpoints: {names}")
    if version < (1, 48):
        endpoints = {name: replace(settings, gw_priority=0) for name, settings in endpoints.items()}
    return NetworkingConfig(endpoints_config=endpoints)


def _bind_empty_ports(request: CreateRequest, version: Version, warnings: list[str]) -> CreateRequest:
    """A port with an empty list of bindings is published anywhere."""
    bindings = request.host_config.port_bindings
    empty = [port for port, given in bindings.items() if not given]
    if not empty:
        return request
    if version >= (1, 52):
        warnings.append(_PORTS_WARNING.format(", ".join(empty)))
    filled = {port: given or (PortBinding(),) for port, given in bindings.items()}
    return replace(request, host_config=replace(request.host_config, port_bindings=filled))


def _move_mac_address(request: CreateRequest, version: Version, warnings: list[str]) -> CreateRequest:
    """The container-wide MAC address belongs to the endpoint of the container's own network since 1.44.

    Docker refuses it since 1.52; docker-py still sends it, so it is taken here, with the warning.
    """
    mac, mode = request.config.mac_address, request.host_config.network_mode
    endpoints = request.networking_config.endpoints_config
    if not mac:
        if version >= (1, 44):
            return request
        return _with_endpoints(request, {n: replace(e, mac_address="") for n, e in endpoints.items()})
    owns_network = not (mode in ("none", "host") or mode.startswith("container:"))
    if version < (1, 44):
        if not owns_network:
            raise InvalidArgument("conflicting options: mac-address and the network mode")
        name = next(iter(endpoints), mode)
        return _with_endpoints(request, {name: _with_mac(endpoints.get(name), mac)})
    warnings.append(_MAC_WARNING)
    if not owns_network:
        return request
    if endpoints and mode not in endpoints:
        raise InvalidArgument(
            "unable to migrate container-wide MAC address to a specific network: HostConfig.NetworkMode must "
            "match the identity of a network in NetworkSettings.Networks"
        )
    settings = endpoints.get(mode)
    if settings is not None and settings.mac_address not in ("", mac):
        raise InvalidArgument(
            "the container-wide MAC address must match the endpoint-specific MAC address for the main "
            "network, or be left empty"
        )
    return _with_endpoints(request, {**endpoints, mode: _with_mac(settings, mac)})


def _with_mac(settings: EndpointSettings | None, mac: str) -> EndpointSettings:
    return replace(settings or EndpointSettings(), mac_address=mac)


def _with_endpoints(request: CreateRequest, endpoints: dict[str, EndpointSettings]) -> CreateRequest:
    return replace(request, networking_config=NetworkingConfig(endpoints_config=endpoints))


def _has_ignored_driver(host: HostConfig) -> bool:
    def names_none(mount: Mount) -> bool:
        options = mount.volume_options
        return options is None or options.driver_config is None or not options.driver_config.name

    check: Callable[[Mount], bool] = names_none
    return bool(host.volume_driver) and any(m.type == "volume" and check(m) for m in host.mounts)
