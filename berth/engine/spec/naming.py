"""Docker's JSON names for the attributes of the request records.

Nearly all are the attribute in Pascal case; the ones that Go's initialisms spell differently stand in one
table. The names are Docker's API, so they may never change.
"""

from typing import Annotated

import msgspec

_IRREGULAR = {
    "container_id_file": "ContainerIDFile",
    "uts_mode": "UTSMode",
    "kernel_memory_tcp": "KernelMemoryTCP",
    "blkio_device_read_iops": "BlkioDeviceReadIOps",
    "blkio_device_write_iops": "BlkioDeviceWriteIOps",
    "io_maximum_iops": "IOMaximumIOps",
    "io_maximum_bandwidth": "IOMaximumBandwidth",
    "device_ids": "DeviceIDs",
    "ipam_config": "IPAMConfig",
    "network_id": "NetworkID",
    "endpoint_id": "EndpointID",
    "ip_address": "IPAddress",
    "ip_prefix_len": "IPPrefixLen",
    "ipv6_gateway": "IPv6Gateway",
    "global_ipv6_address": "GlobalIPv6Address",
    "global_ipv6_prefix_len": "GlobalIPv6PrefixLen",
    "ipv4_address": "IPv4Address",
    "ipv6_address": "IPv6Address",
    "link_local_ips": "LinkLocalIPs",
    "dns_names": "DNSNames",
    "on_build": "OnBuild",
    "ipam": "IPAM",
    "enable_ipv4": "EnableIPv4",
    "enable_ipv6": "EnableIPv6",
    "ip_range": "IPRange",
}


def wire_name(attribute: str) -> str:
    """The JSON name of ``attribute``: ``cpu_shares`` is ``CpuShares``, ``uts_mode`` is ``UTSMode``."""
    return _IRREGULAR.get(attribute) or "".join(part.capitalize() for part in attribute.split("_"))


Uint16 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
Uint64 = Annotated[int, msgspec.Meta(ge=0)]

Words = Annotated[tuple[str, ...], msgspec.Meta(extra={"one_string": True})]
"""A list of strings that old clients may send as one bare string, which then is the only item."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=wire_name):
    """Base of the request records: immutable, by keyword, zero values left out when stored as JSON."""


class Empty(Record, frozen=True, kw_only=True):
    """Go's ``struct{}``: the value of maps that are used as sets."""
