"""The kernel's twin for tests of what stands above: it keeps the same promises and touches nothing.

Sandboxes are real, empty files, because they are paths that others look at.
"""

import errno
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path

from berth.base.errors import NotFound
from berth.network.dns.door import Door, bind_door
from berth.network.driver import Held, Plug, Target
from berth.network.ipam import Subnet
from berth.network.records import Network
from berth.network.ruleset import Forward


class _HeldPort:
    def __init__(self, ports: set[tuple[str, str, int]], key: tuple[str, str, int]) -> None:
        self._ports = ports
        self._key = key
        ports.add(key)

    def close(self) -> None:
        self._ports.discard(self._key)


class MemoryDriver:
    """A host with a few routes, perhaps IPv6, and ports that other programs have (``foreign_ports``, as
    (protocol, port))."""

    def __init__(
        self,
        *,
        routes: Sequence[str] = (),
        ipv6: bool = True,
        foreign_ports: Collection[tuple[str, int]] = (),
        ports: tuple[int, int] = (32768, 60999),
    ) -> None:
        self._routes = [ip_network(route) for route in routes]
        self._ipv6 = ipv6
        self._range = ports
        self.foreign_ports = set(foreign_ports)
        self.bridges: dict[str, Network] = {}
        self.plugged: dict[str, Plug] = {}
        self.shut_interfaces: set[str] = set()
        self.gateways: dict[Path, tuple[str, str, str]] = {}
        self.forwards: set[Forward] = set()
        self.doors: dict[Path, int] = {}
        self.held: set[tuple[str, str, int]] = set()

    def subnets_in_use(self, own: Collection[str]) -> Sequence[Subnet]:
        bridges = [network for name, network in self.bridges.items() if name not in own]
        return [*self._routes, *(ip_network(p.subnet, strict=False) for n in bridges for p in n.pools)]

    def bridge_addresses(self, bridge: str) -> Sequence[tuple[str, int]]:
        if bridge not in self.bridges:
            raise NotFound(f"bridge device with non default name {bridge} must be created manually")
        pools = self.bridges[bridge].pools
        return [(pool.gateway, ip_network(pool.subnet, strict=False).prefixlen) for pool in pools]

    def has_ipv6(self) -> bool:
        return self._ipv6

    def port_range(self) -> tuple[int, int]:
        return self._range

    def create_sandbox(self, path: Path) -> None:
        path.touch(exist_ok=False)

    def remove_sandbox(self, path: Path) -> bool:
        gone = [name for name, plug in self.plugged.items() if plug.sandbox == path]
        for name in gone:
            del self.plugged[name]
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def sandboxes(self, directory: Path) -> Collection[str]:
        return os.listdir(directory) if directory.is_dir() else ()

    def apply(self, networks: Sequence[Network]) -> None:
        for network in networks:
            if network.bridge not in self.bridges and not network.own_bridge:
                raise NotFound(
                    f"bridge device with non default name {network.bridge} must be created manually"
                )
            self.bridges[network.bridge] = network

    def delete_bridge(self, network: Network) -> None:
        if network.own_bridge:
            self.bridges.pop(network.bridge, None)

    def plug(self, plug: Plug) -> None:
        if plug.bridge not in self.bridges:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), plug.bridge)
        if not plug.sandbox.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(plug.sandbox))
        if plug.host_interface in self.plugged:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), plug.host_interface)
        self.plugged[plug.host_interface] = plug
        if plug.gateway or plug.ipv6_gateway:
            self.gateways[plug.sandbox] = (plug.interface, plug.gateway, plug.ipv6_gateway)

    def shut(self, host_interface: str) -> None:
        if host_interface in self.plugged:
            self.shut_interfaces.add(host_interface)

    def unplug(self, host_interface: str) -> None:
        self.plugged.pop(host_interface, None)

    def watch_neighbours(self) -> None:
        """A memory has no neighbours."""

    def set_gateway(self, sandbox: Path, interface: str, gateway: str, ipv6_gateway: str) -> None:
        if not any(p.sandbox == sandbox and p.interface == interface for p in self.plugged.values()):
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), interface)
        self.gateways[sandbox] = (interface, gateway, ipv6_gateway)

    def open_door(self, sandbox: Path, port: int) -> Door:
        """On the loopback of the test, since there is no inside: ``doors`` says where."""
        if not sandbox.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(sandbox))
        door = bind_door("127.0.0.1", port)
        self.doors[sandbox] = door.port
        return door

    def open_inside(self, sandbox: Path, family: int, kind: int) -> socket.socket:
        if not sandbox.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(sandbox))
        return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)

    def add_forwards(self, forwards: Sequence[Forward]) -> None:
        self.forwards.update(forwards)

    def remove_forwards(self, forwards: Sequence[Forward]) -> None:
        self.forwards.difference_update(forwards)

    def reset_forwards(self, forwards: Sequence[Forward]) -> None:
        self.forwards = set(forwards)

    def hold(self, protocol: str, address: str, port: int, target: Target) -> Held:
        del target
        if (protocol, port) in self.foreign_ports or self._clashes(protocol, address, port):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        return _HeldPort(self.held, (protocol, address, port))

    def _clashes(self, protocol: str, address: str, port: int) -> bool:
        """As bind(2): the same address, or one of the two is that family's "any"."""
        for other_protocol, other_address, other_port in self.held:
            same_family = (":" in other_address) == (":" in address)
            if (other_protocol, other_port) == (protocol, port) and same_family:
                any_address = "::" if ":" in address else "0.0.0.0"
                if other_address == address or any_address in (address, other_address):
                    return True
        return False

    def sweep(self, networks: Sequence[Network], interfaces: Mapping[str, str]) -> None:
        names = {network.bridge for network in networks}
        for name, plug in list(self.plugged.items()):
            if plug.bridge in names and name not in interfaces:
                del self.plugged[name]

    def close(self, networks: Sequence[Network], *, remove: bool) -> None:
        if remove:
            for network in networks:
                self.delete_bridge(network)
            self.forwards.clear()
