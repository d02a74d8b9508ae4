"""Records of requests back to Docker's JSON, zero values included.

The records leave zero values out when they are stored; Docker's answers have them. Which of them are
null, which are empty lists and which are not there at all is a matter of history: the tables below are
what dockerd 28.5 answers for a container made by Docker's own client.
"""

from typing import Any, TypeAlias

import msgspec

from berth.engine.spec.config import ContainerConfig
from berth.engine.spec.host import HostConfig
from berth.engine.spec.network import EndpointSettings

Json: TypeAlias = dict[str, Any]

_HOST_ZERO: Json = {
    "Binds": None, "ContainerIDFile": "", "LogConfig": None, "NetworkMode": "", "PortBindings": {},
    "RestartPolicy": None, "AutoRemove": False, "VolumeDriver": "", "VolumesFrom": None,
    "ConsoleSize": [0, 0], "CapAdd": None, "CapDrop": None, "CgroupnsMode": "", "Dns": [], "DnsOptions": [],
    "DnsSearch": [], "ExtraHosts": None, "GroupAdd": None, "IpcMode": "", "Cgroup": "", "Links": None,
    "OomScoreAdj": 0, "PidMode": "", "Privileged": False, "PublishAllPorts": False, "ReadonlyRootfs": False,
    "SecurityOpt": None, "UTSMode": "", "UsernsMode": "", "ShmSize": 0, "Runtime": "", "Isolation": "",
    "CpuShares": 0, "Memory": 0, "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0,
    "BlkioWeightDevice": [], "BlkioDeviceReadBps": [], "BlkioDeviceWriteBps": [], "BlkioDeviceReadIOps": [],
    "BlkioDeviceWriteIOps": [], "CpuPeriod": 0, "CpuQuota": 0, "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "", "Devices": [], "DeviceCgroupRules": None,
    "DeviceRequests": None, "MemoryReservation": 0, "MemorySwap": 0, "MemorySwappiness": None,
    "OomKillDisable": None, "PidsLimit": None, "Ulimits": [], "CpuCount": 0, "CpuPercent": 0,
    "IOMaximumIOps": 0, "IOMaximumBandwidth": 0, "MaskedPaths": None, "ReadonlyPaths": None,
}  # fmt: skip

_CONFIG_ZERO: Json = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False,
    "AttachStderr": False, "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": [], "Cmd": None,
    "Image": "", "Volumes": None, "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": {},
}  # fmt: skip

_ENDPOINT_ZERO: Json = {
    "IPAMConfig": None, "Links": None, "Aliases": None, "MacAddress": "", "DriverOpts": None,
    "GwPriority": 0, "NetworkID": "", "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0,
    "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": None,
}  # fmt: skip

_DEVICE_REQUEST_ZERO: Json = {
    "Driver": "",
    "Count": 0,
    "DeviceIDs": None,
    "Capabilities": None,
    "Options": {},
}
_DEVICE_ZERO: Json = {"PathOnHost": "", "PathInContainer": "", "CgroupPermissions": ""}
_ULIMIT_ZERO: Json = {"Name": "", "Hard": 0, "Soft": 0}
_WEIGHT_ZERO: Json = {"Path": "", "Weight": 0}
_RATE_ZERO: Json = {"Path": "", "Rate": 0}

_ITEMS: dict[str, Json] = {
    "DeviceRequests": _DEVICE_REQUEST_ZERO,
    "Devices": _DEVICE_ZERO,
    "Ulimits": _ULIMIT_ZERO,
    "BlkioWeightDevice": _WEIGHT_ZERO,
    "BlkioDeviceReadBps": _RATE_ZERO,
    "BlkioDeviceWriteBps": _RATE_ZERO,
    "BlkioDeviceReadIOps": _RATE_ZERO,
    "BlkioDeviceWriteIOps": _RATE_ZERO,
}


def host_config(host: HostConfig) -> Json:
    """``HostConfig`` as ``inspect`` shows it."""
    given: Json = msgspec.to_builtins(host)
    for name, zero in _ITEMS.items():
        if name in given:
            given[name] = [{**zero, **item} for item in given[name]]
    if "PortBindings" in given:
        given["PortBindings"] = {
            port: [{"HostIp": "", "HostPort": "", **binding} for binding in bindings]
            for port, bindings in given["PortBindings"].items()
        }
    policy = host.restart_policy
    given["LogConfig"] = {"Type": host.log_config.type, "Config": host.log_config.config}
    given["RestartPolicy"] = {"Name": policy.name, "MaximumRetryCount": policy.maximum_retry_count}
    return {**_HOST_ZERO, **given}


def container_config(config: ContainerConfig) -> Json:
    """``Config`` as ``inspect`` shows it."""
    return {**_CONFIG_ZERO, **msgspec.to_builtins(config)}


def endpoint(settings: EndpointSettings, names: list[str] | None = None) -> Json:
    """What a client asked of one network, with the engine's findings still empty."""
    return {**_ENDPOINT_ZERO, **msgspec.to_builtins(settings), "DNSNames": names}
