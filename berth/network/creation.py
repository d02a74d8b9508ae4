"""From a wish for a network to its record: every check that needs no kernel. Texts are Docker's."""

import time
from collections.abc import Sequence

from berth.base.errors import Conflict, Forbidden, InvalidArgument, NotFound
from berth.base.ids import new_id
from berth.network import predefined, records
from berth.network.ipam import Subnet, check_free, choose_subnet, complete_pool, parse_subnet
from berth.network.records import CreateNetwork, Network, NetworkConfig, Pool

_IFNAME_LIMIT = 15
_IFNAME_REFUSED = frozenset("/:\0 \t\n\"'{};\\")


def plan_network(
    wish: CreateNetwork, existing: Sequence[Network], config: NetworkConfig, host_routes: Sequence[Subnet]
) -> Network:
    """The record of the new network: subnets and bridge chosen, nothing made yet."""
    _check_name(wish, existing)
    _check_driver(wish)
    network_id = new_id()
    others = predefined.subnets_of(existing)
    return Network(
        id=network_id,
        name=wish.name,
        driver=wish.driver or records.BRIDGE,
        created_at=time.time_ns(),
        internal=wish.internal,
        attachable=wish.attachable,
        enable_ipv4=wish.enable_ipv4,
        enable_ipv6=wish.enable_ipv6,
        ipam_driver=wish.ipam_driver or "default",
        ipam_options=wish.ipam_options,
        pools=_pools(wish, config, others, host_routes),
        options=wish.options,
        labels=wish.labels,
        owner_uid=wish.owner_uid,
        bridge=_bridge_name(wish, network_id, existing),
        chosen_subnet=any(pool.subnet for pool in wish.pools),
    )


def _check_name(wish: CreateNetwork, existing: Sequence[Network]) -> None:
    if not wish.name.strip():
        raise InvalidArgument("invalid network name: it is empty")
    if wish.name in predefined.NAMES:
        raise Forbidden(f"operation is not permitted on predefined {wish.name} network")
    if any(network.name == wish.name for network in existing):
        raise Conflict(f"network with name {wish.name} already exists")


def _check_driver(wish: CreateNetwork) -> None:
    if wish.driver in (records.HOST, records.NULL):
        raise Forbidden(f'only one instance of "{wish.driver}" network is allowed')
    if wish.driver not in ("", records.BRIDGE):
        raise NotFound(f'plugin "{wish.driver}" not found')
    if wish.ipam_driver not in ("", "default"):
        raise NotFound(f'plugin "{wish.ipam_driver}" not found')
    if wish.ingress:
        raise InvalidArgument("Ingress network can only be global in scope")
    mtu = wish.options.get(records.OPTION_MTU)
    if mtu and not mtu.isdigit():
        raise InvalidArgument(f"invalid MTU value: {mtu}")


def _bridge_name(wish: CreateNetwork, network_id: str, existing: Sequence[Network]) -> str:
    name = wish.options.get(records.OPTION_BRIDGE_NAME) or f"br-{network_id[:12]}"
    if len(name.encode()) > _IFNAME_LIMIT or _IFNAME_REFUSED & set(name) or name in (".", ".."):
        raise InvalidArgument(
            f"invalid bridge name {name!r}: at most {_IFNAME_LIMIT} bytes, without spaces, quotes, / and :"
        )
    for other in existing:
        if other.bridge == name:
            raise Forbidden(
                f"cannot create network {network_id} ({name}): conflicts with network {other.id} ({name}): "
                "networks have same bridge name"
            )
    return name


def _pools(
    wish: CreateNetwork, config: NetworkConfig, others: Sequence[Subnet], host_routes: Sequence[Subnet]
) -> tuple[Pool, ...]:
    asked = [pool for pool in wish.pools if pool.subnet]
    for pool in wish.pools:
        if not pool.subnet and (pool.gateway or pool.ip_range or pool.auxiliary):
            what = "gateway" if pool.gateway else "range"
            raise InvalidArgument(f"no matching subnet for {what} {pool.gateway or pool.ip_range}".rstrip())
    asked = [pool for pool in asked if _wanted(pool, wish)]
    check_free(asked, others)
    chosen = list(asked)
    versions = {parse_subnet(pool.subnet).version for pool in asked}
    taken = [*others, *(parse_subnet(pool.subnet) for pool in asked), *host_routes]
    for version, enabled in ((4, wish.enable_ipv4), (6, wish.enable_ipv6)):
        if enabled and version not in versions:
            subnet = choose_subnet(taken, config.default_address_pools, version=version)
            chosen.append(Pool(subnet=str(subnet)))
    # Docker lists the IPv4 pools first.
    chosen.sort(key=lambda pool: parse_subnet(pool.subnet).version)
    return tuple(complete_pool(pool) for pool in chosen)


def _wanted(pool: Pool, wish: CreateNetwork) -> bool:
    return wish.enable_ipv6 if parse_subnet(pool.subnet).version == 6 else wish.enable_ipv4
