"""The networks that always exist: ``bridge``, ``host`` and ``none``."""

import time
from collections.abc import Sequence
from ipaddress import ip_interface, ip_network

from msgspec.structs import replace

from berth.base.errors import InvalidArgument, NotFound
from berth.base.ids import new_id
from berth.network import records
from berth.network.driver import Driver
from berth.network.ipam import Subnet, choose_subnet, complete_pool, overlaps, parse_subnet
from berth.network.records import Network, NetworkConfig, Pool

NAMES = frozenset(("bridge", "host", "none"))
NO_BRIDGE = "none"
"""The value of ``--bridge`` that means: no default network."""


def plain_networks(existing: Sequence[Network]) -> list[Network]:
    """``host`` and ``none``, kept from ``existing`` or new."""
    known = {network.name: network for network in existing}
    return [
        known.get(name)
        or Network(id=new_id(), name=name, driver=driver, created_at=time.time_ns(), predefined=True)
        for name, driver in (("host", records.HOST), ("none", records.NULL))
    ]


def bridge_network(
    config: NetworkConfig, driver: Driver, existing: Network | None, others: Sequence[Subnet]
) -> Network | None:
    """The default network as the configuration wants it now; None with ``--bridge none``.

    ``others`` are the subnets of the other networks. The subnet of before is kept unless the host has come
    to route it elsewhere (a VPN, a campus network) while the bridge was away.
    """
    if config.bridge == NO_BRIDGE:
        return None
    name = config.bridge or config.default_bridge_name
    own = not config.bridge
    pool = _pool(config, driver, existing, others, name)
    return Network(
        id=existing.id if existing else new_id(),
        name="bridge",
        driver=records.BRIDGE,
        created_at=existing.created_at if existing else time.time_ns(),
        pools=(pool,),
        options={
            records.OPTION_DEFAULT_BRIDGE: "true",
            records.OPTION_ICC: _text(config.icc),
            records.OPTION_MASQUERADE: _text(config.ip_masq),
            records.OPTION_HOST_BINDING: config.host_ip or "0.0.0.0",
            records.OPTION_BRIDGE_NAME: name,
            records.OPTION_MTU: str(config.mtu),
        },
        bridge=name,
        own_bridge=own,
        predefined=True,
    )


def _text(value: object) -> str:
    return "true" if value else "false"


def _pool(
    config: NetworkConfig, driver: Driver, existing: Network | None, others: Sequence[Subnet], name: str
) -> Pool:
    if config.bip:
        pool = _pool_at(config.bip)
    elif config.bridge:
        pool = _found_pool(driver, name) or _no_address(name)
    else:
        pool = _kept_pool(config, driver, existing, others, name)
    if config.fixed_cidr:
        pool = replace(pool, ip_range=config.fixed_cidr)
    if config.default_gateway:
        pool = replace(pool, gateway=config.default_gateway)
    return complete_pool(pool)


def _pool_at(address: str) -> Pool:
    try:
        if "/" not in address:
            raise ValueError
        interface = ip_interface(address)
    except ValueError:
        raise InvalidArgument(f"invalid CIDR address: {address}") from None
    return Pool(subnet=str(interface.network), gateway=str(interface.ip))


def _found_pool(driver: Driver, name: str) -> Pool | None:
    """The IPv4 subnet of an interface that is there already."""
    try:
        addresses = driver.bridge_addresses(name)
    except NotFound:
        return None
    for address, prefix in addresses:
        if ":" not in address:
            return _pool_at(f"{address}/{prefix}")
    return None


def _no_address(name: str) -> Pool:
    raise InvalidArgument(
        f"bridge {name} does not exist or has no IPv4 address",
        hint=f"make it first, or leave --bridge out: ip link add {name} type bridge",
    )


def _kept_pool(
    config: NetworkConfig, driver: Driver, existing: Network | None, others: Sequence[Subnet], name: str
) -> Pool:
    standing = _found_pool(driver, name)
    if standing is not None:
        return standing
    taken = [*others, *driver.subnets_in_use([name])]
    if existing is not None and existing.bridge == name and existing.pools:
        subnet = parse_subnet(existing.pools[0].subnet)
        if not any(overlaps(subnet, other) for other in taken):
            return Pool(subnet=existing.pools[0].subnet, gateway=existing.pools[0].gateway)
    return Pool(subnet=str(choose_subnet(taken, config.default_address_pools)))


def subnets_of(networks: Sequence[Network]) -> list[Subnet]:
    """Every subnet of ``networks``."""
    return [ip_network(pool.subnet, strict=False) for network in networks for pool in network.pools]
