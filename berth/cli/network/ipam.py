"""Addresses of a new network: which range, gateway and reserved address belongs to which subnet."""

import ipaddress

from berth.base.errors import InvalidArgument

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any


def ipam_config(
    subnets: "list[str]", ranges: "list[str]", gateways: "list[str]", reserved: "dict[str, str]"
) -> "list[dict[str, Any]]":
    """The API's list of address pools; InvalidArgument with Docker's text for what fits no subnet."""
    if len(subnets) < len(ranges) or len(subnets) < len(gateways):
        raise InvalidArgument("every ip-range or gateway must have a corresponding subnet")
    pools: dict[str, dict[str, Any]] = {}
    for subnet in subnets:
        for other in pools:
            if _holds(subnet, other) or _holds(other, subnet):
                raise InvalidArgument("multiple overlapping subnet configuration is not supported")
        pools[subnet] = {"Subnet": subnet}
    for given in ranges:
        _parse_cidr(given)
        pool = _pool_of(pools, given, "range")
        if "IPRange" in pool:
            raise InvalidArgument(
                f"cannot configure multiple ranges ({given}, {pool['IPRange']}) on the same subnet "
                f"({pool['Subnet']})"
            )
        pool["IPRange"] = given
    for given in gateways:
        pool = _pool_of(pools, given, "gateway")
        if "Gateway" in pool:
            raise InvalidArgument(
                f"cannot configure multiple gateways ({given}, {pool['Gateway']}) for the same subnet "
                f"({pool['Subnet']})"
            )
        pool["Gateway"] = given
    for name, given in reserved.items():
        _pool_of(pools, given, "aux-address").setdefault("AuxiliaryAddresses", {})[name] = given
    return list(pools.values())


def _pool_of(pools: "dict[str, dict[str, Any]]", given: str, what: str) -> "dict[str, Any]":
    for subnet, pool in pools.items():
        if _holds(subnet, given):
            return pool
    raise InvalidArgument(f"no matching subnet for {what} {given}")


def _parse_cidr(text: str) -> "ipaddress.IPv4Interface | ipaddress.IPv6Interface":
    try:
        if "/" not in text:
            raise ValueError
        return ipaddress.ip_interface(text)
    except ValueError:
        raise InvalidArgument(f"invalid CIDR address: {text}") from None


def _holds(subnet: str, given: str) -> bool:
    """Whether ``given`` (an address or a subnet) lies in ``subnet``."""
    try:
        network = _parse_cidr(subnet).network
    except InvalidArgument as error:
        raise InvalidArgument(f"invalid subnet: {error}") from None
    if "/" in given:
        return _parse_cidr(given).ip in network
    try:
        return ipaddress.ip_address(given) in network
    except ValueError:
        return False
