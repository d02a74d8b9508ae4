"""``POST /networks/create``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.errors import Unsupported
from berth.engine.network.create import create
from berth.engine.spec.naming import Record
from berth.network.records import BRIDGE, CreateNetwork, Pool
from berth.server.message import Answer


class IPAMConfig(Record, frozen=True, kw_only=True):
    """One address pool."""

    subnet: str = ""
    ip_range: str = ""
    gateway: str = ""
    auxiliary_addresses: dict[str, str] | None = None


class IPAM(Record, frozen=True, kw_only=True):
    """Address management."""

    driver: str = ""
    options: dict[str, str] | None = None
    config: tuple[IPAMConfig, ...] = ()


class ConfigReference(Record, frozen=True, kw_only=True):
    """Another network to take the configuration from."""

    network: str = ""


class NetworkCreateRequest(Record, frozen=True, kw_only=True):
    """The body."""

    name: str = ""
    driver: str = ""
    scope: str = ""
    enable_ipv4: bool | None = None
    enable_ipv6: bool | None = None
    ipam: IPAM | None = None
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_only: bool = False
    config_from: ConfigReference | None = None
    options: dict[str, str] | None = None
    labels: dict[str, str] | None = None


async def handle(call: Call) -> Answer:
    """Make a network."""
    wanted = await call.json(NetworkCreateRequest)
    if wanted.config_only or (wanted.config_from and wanted.config_from.network):
        raise Unsupported("configuration-only networks are not supported by this engine")
    ipam = wanted.ipam or IPAM()
    network = await create(
        call.engine,
        CreateNetwork(
            name=wanted.name,
            driver=wanted.driver or BRIDGE,
            internal=wanted.internal,
            attachable=wanted.attachable,
            ingress=wanted.ingress,
            enable_ipv4=wanted.enable_ipv4 is not False or call.version < (1, 48),
            enable_ipv6=bool(wanted.enable_ipv6),
            ipam_driver=ipam.driver or "default",
            ipam_options=ipam.options or {},
            pools=tuple(_pool(config) for config in ipam.config),
            options=wanted.options or {},
            labels=wanted.labels or {},
            owner_uid=call.request.caller.uid,
        ),
    )
    return json_answer({"Id": network.id, "Warning": ""}, 201)


def _pool(config: IPAMConfig) -> Pool:
    return Pool(
        subnet=config.subnet,
        ip_range=config.ip_range,
        gateway=config.gateway,
        auxiliary=config.auxiliary_addresses or {},
    )
