"""Containers: ``inspect`` and the rows of ``ps``."""

from typing import NamedTuple

import msgspec

from berth.api.shape.state import state
from berth.api.shape.times import rfc3339, unix_seconds
from berth.api.shape.wire import Json, container_config, endpoint, host_config
from berth.api.versions import Version
from berth.base.ids import short_id
from berth.engine.container.inspect import Inspected
from berth.engine.container.record import ContainerRecord, EndpointState, MountPoint

STORAGE_DRIVER = "overlay2"
"""What clients take for "overlay file systems with docker's semantics"; also shown by ``info``."""

_PREDEFINED = frozenset(("bridge", "host", "none", "default"))


def inspect(found: Inspected, version: Version) -> Json:
    """The answer of ``GET /containers/{id}/json``."""
    record = found.record
    shaped: Json = {
        "Id": record.id,
        "Created": rfc3339(record.created_at),
        "Path": record.path,
        "Args": list(record.args),
        "State": state(record.state),
        "Image": record.image_id,
        "ResolvConfPath": record.resolv_conf_path,
        "HostnamePath": record.hostname_path,
        "HostsPath": record.hosts_path,
        "LogPath": record.log_path,
        "Name": f"/{record.name}",
        "RestartCount": record.state.restart_count,
        "Driver": STORAGE_DRIVER,
        "Platform": record.platform,
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": list(found.exec_ids) or None,
        "HostConfig": host_config(record.host),
        "GraphDriver": {"Data": {"ID": record.id, **found.storage}, "Name": STORAGE_DRIVER},
    }
    if found.size_rw is not None:
        shaped["SizeRw"] = found.size_rw
        shaped["SizeRootFs"] = found.size_root
    shaped["Mounts"] = mounts(record)
    shaped["Config"] = _config(record, version)
    shaped["NetworkSettings"] = _network_settings(record, version)
    shaped["Owner"] = {"Uid": record.owner.uid, "Gid": record.owner.gid, "Name": record.owner.user}
    return shaped


def _config(record: ContainerRecord, version: Version) -> Json:
    config = container_config(record.config)
    mac = config.pop("MacAddress", "")
    if mac and version < (1, 52):
        config["MacAddress"] = mac
    return config


def _network_settings(record: ContainerRecord, version: Version) -> Json:
    sandbox = record.id if record.state.running else ""
    shown: Json = {
        "SandboxID": sandbox,
        "SandboxKey": f"/proc/{record.state.pid}/ns/net" if record.state.pid else "",
        "Ports": port_map(record),
    }
    networks = endpoints(record, named=True)
    if version < (1, 45):
        for name, shape in networks.items():
            if name not in _PREDEFINED:
                names = [*(shape["Aliases"] or ()), short_id(record.id), record.config.hostname]
                shape["Aliases"] = list(dict.fromkeys(name for name in names if name))
    if version < (1, 52):
        shown = {"Bridge": "", **shown, **_legacy_bridge(networks.get("bridge"))}
    shown["Networks"] = networks
    return shown


def _legacy_bridge(bridge: Json | None) -> Json:
    """What stood directly under NetworkSettings before there were several networks."""
    names = (
        "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen",
        "IPv6Gateway", "MacAddress",
    )  # fmt: skip
    empty = {name: 0 if name.endswith("PrefixLen") else "" for name in names}
    found = {name: bridge[name] for name in names} if bridge else {}
    fixed: Json = {
        "HairpinMode": False, "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None, "SecondaryIPv6Addresses": None,
    }  # fmt: skip
    return {**fixed, **empty, **found}


def endpoints(record: ContainerRecord, *, named: bool) -> Json:
    """Every network of the container; ``named`` adds the names by which others find it there."""
    shaped: Json = {}
    for network, settings in record.endpoints.items():
        names = None
        if named and network not in _PREDEFINED:
            names = list(dict.fromkeys((record.name, *settings.aliases, short_id(record.id))))
        shape = endpoint(settings, names)
        shape.update(_live(record.state.endpoints.get(network)))
        shaped[network] = shape
    return shaped


def _live(live: EndpointState | None) -> Json:
    if live is None:
        return {}
    return {
        "MacAddress": live.mac,
        "NetworkID": live.network_id,
        "EndpointID": live.endpoint_id,
        "Gateway": live.gateway,
        "IPAddress": live.ipv4,
        "IPPrefixLen": live.prefix_length,
        "IPv6Gateway": live.ipv6_gateway,
        "GlobalIPv6Address": live.ipv6,
        "GlobalIPv6PrefixLen": live.ipv6_prefix_length,
    }


def port_map(record: ContainerRecord) -> Json:
    """``NetworkSettings.Ports``: exposed ports (null when not published) and published ones; empty when
    the container does not run."""
    if not record.state.running:
        return {}
    shaped: Json = dict.fromkeys(record.config.exposed_ports)
    for port in record.state.ports:
        key = f"{port.container_port}/{port.protocol}"
        if shaped.get(key) is None:
            shaped[key] = []
        shaped[key].append({"HostIp": port.host_ip, "HostPort": str(port.host_port)})
    return shaped


def mounts(record: ContainerRecord) -> list[Json]:
    """``Mounts``: binds, volumes, and tmpfs of the long form (``--tmpfs`` shows in the host config only)."""
    return [_mount(point) for point in record.mounts if point.destination not in record.host.tmpfs]


def _mount(point: MountPoint) -> Json:
    shaped: Json = {"Type": point.kind}
    if point.name:
        shaped["Name"] = point.name
    shaped["Source"] = point.source
    shaped["Destination"] = point.destination
    if point.driver:
        shaped["Driver"] = point.driver
    shaped["Mode"] = point.mode
    shaped["RW"] = point.writable
    shaped["Propagation"] = point.propagation
    return shaped


class RowParts(NamedTuple):
    """A row of ``ps`` cut around its status text: everything before the text, and everything after."""

    before: Json
    after: Json


def row(record: ContainerRecord, image: str, version: Version) -> RowParts:
    """A row of ``GET /containers/json``; ``image`` is the name to show for its image."""
    before: Json = {
        "Id": record.id,
        "Names": [f"/{record.name}"],
        "Image": image,
        "ImageID": record.image_id,
        "Command": command_line(record),
        "Created": unix_seconds(record.created_at),
        "Ports": port_rows(record),
        "Labels": record.config.labels,
        "State": record.state.status,
    }
    host: Json = {"NetworkMode": record.host.network_mode}
    if version >= (1, 46) and record.host.annotations:
        host["Annotations"] = record.host.annotations
    after: Json = {"HostConfig": host}
    if version >= (1, 52):
        health = record.state.health
        after["Health"] = {
            "Status": health.status if health else "none",
            "FailingStreak": health.failing_streak if health else 0,
        }
    after["NetworkSettings"] = {"Networks": endpoints(record, named=False)}
    after["Mounts"] = mounts(record)
    after["Owner"] = {"Uid": record.owner.uid, "Name": record.owner.user}
    return RowParts(before, after)


def command_line(record: ContainerRecord) -> str:
    """The command for people: arguments with blanks in single quotes."""
    return " ".join((record.path, *(f"'{word}'" if " " in word else word for word in record.args)))


def port_rows(record: ContainerRecord) -> list[Json]:
    """``Ports`` of a row: one entry per host address, and exposed ports that are not published."""
    if not record.state.running:
        return []
    shaped: list[Json] = []
    published: set[str] = set()
    for port in record.state.ports:
        published.add(f"{port.container_port}/{port.protocol}")
        shaped.append(
            {
                "IP": port.host_ip,
                "PrivatePort": port.container_port,
                "PublicPort": port.host_port,
                "Type": port.protocol,
            }
        )
    for key in record.config.exposed_ports:
        if key not in published:
            number, _, protocol = key.partition("/")
            shaped.append({"PrivatePort": int(number), "Type": protocol or "tcp"})
    return shaped


_encode = msgspec.json.Encoder().encode


def encode_row(parts: RowParts) -> tuple[bytes, bytes]:
    """The bytes around the status text, for ``join_row``."""
    return _encode(parts.before)[:-1] + b',"Status":', b"," + _encode(parts.after)[1:]


def encode_text(text: str) -> bytes:
    """A string as JSON."""
    return _encode(text)
