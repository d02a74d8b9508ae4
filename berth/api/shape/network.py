"""Networks."""

from berth.api.shape.times import rfc3339
from berth.api.shape.wire import Json
from berth.api.versions import Version
from berth.engine.network.inspect import FoundNetwork, Member
from berth.network.ipam import SubnetUsage
from berth.network.records import Pool

_MAX = 2**64 - 1


def network(found: FoundNetwork, version: Version, *, summary: bool) -> Json:
    """A network; ``summary`` is the row of a list, which since API 1.28 says nothing of its containers."""
    known = found.network
    shaped: Json = {
        "Name": known.name,
        "Id": known.id,
        "Created": rfc3339(known.created_at),
        "Scope": known.scope,
        "Driver": known.driver,
        "EnableIPv4": known.enable_ipv4,
        "EnableIPv6": known.enable_ipv6,
        "IPAM": {
            "Driver": known.ipam_driver,
            "Options": known.ipam_options or None,
            "Config": [_pool(pool) for pool in known.pools] or None,
        },
        "Internal": known.internal,
        "Attachable": known.attachable,
        "Ingress": known.ingress,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
    }
    if not summary or version < (1, 52):
        shaped["Containers"] = {one.container_id: _member(one) for one in found.members}
    shaped["Options"] = known.options
    shaped["Labels"] = known.labels
    if known.owner_uid >= 0 and not summary:
        shaped["Owner"] = {"Uid": known.owner_uid}
    if found.usage and not summary and version >= (1, 52):
        shaped["Status"] = {"IPAM": {"Subnets": {usage.subnet: _usage(usage) for usage in found.usage}}}
    return shaped


def _usage(usage: SubnetUsage) -> Json:
    """The numbers end at 2**64 - 1, as the API's description says (an IPv6 network may have more)."""
    return {"IPsInUse": min(usage.in_use, _MAX), "DynamicIPsAvailable": min(usage.available, _MAX)}


def _pool(pool: Pool) -> Json:
    shaped: Json = {"Subnet": pool.subnet}
    if pool.ip_range:
        shaped["IPRange"] = pool.ip_range
    if pool.gateway:
        shaped["Gateway"] = pool.gateway
    if pool.auxiliary:
        shaped["AuxiliaryAddresses"] = pool.auxiliary
    return shaped


def _member(member: Member) -> Json:
    endpoint = member.endpoint
    return {
        "Name": member.name,
        "EndpointID": endpoint.endpoint_id,
        "MacAddress": endpoint.mac,
        "IPv4Address": f"{endpoint.ipv4}/{endpoint.prefix_length}" if endpoint.ipv4 else "",
        "IPv6Address": f"{endpoint.ipv6}/{endpoint.ipv6_prefix_length}" if endpoint.ipv6 else "",
    }
