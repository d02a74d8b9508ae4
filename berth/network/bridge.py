"""Bridge networks in the Linux kernel: the real ``Driver``.

Everything a container needs is two netlink datagrams: one on the host (a veth pair whose far end is born
inside the container's namespace), one inside (address, default route). Nothing is taken down piece by
piece: the port is shut, the namespace let go, and the kernel cleans up in its own time.
"""

import contextlib
import errno
import logging
import os
import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path

from berth.base.errors import Internal, NotFound, Unavailable
from berth.base.tasks import TaskTree
from berth.kernel import rtnetlink as rt
from berth.kernel.namespace import call_in_netns, create_netns, remove_netns
from berth.kernel.netlink import NETLINK_ROUTE, NetlinkSocket, Request, is_missing
from berth.network.dns.door import Door, open_door
from berth.network.driver import Held, Plug, Target
from berth.network.filter import PacketFilter
from berth.network.forwarding import switch_on
from berth.network.ipam import Subnet
from berth.network.listener import hold_port
from berth.network.records import Network
from berth.network.ruleset import Forward
from berth.network.sysctl import write_fresh, write_sysctl

_log = logging.getLogger(__name__)
_LOOPBACK = 1
"""The loopback is the first interface of every namespace."""
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FALLBACK_RANGE = (49153, 65535)


class BridgeDriver:
    """Works in the network namespace of the thread that makes it. Methods may be called from any thread."""

    def __init__(
        self,
        instance: str,
        tasks: TaskTree,
        *,
        forwarding: bool = True,
        firewall: bool = True,
        proxy: bool = True,
    ) -> None:
        """``forwarding``, ``firewall`` and ``proxy`` are dockerd's --ip-forward, --iptables and
        --userland-proxy. Unavailable without the rights that networks need."""
        self._tasks = tasks
        self._forwarding = forwarding
        self._proxy = proxy
        self._lock = threading.Lock()
        self._sandbox_sockets: dict[Path, NetlinkSocket] = {}
        self._bridges: dict[str, int] = {}
        try:
            self._host = NetlinkSocket(NETLINK_ROUTE)
            self._filter = PacketFilter(instance) if firewall else None
        except OSError as error:
            raise Unavailable(f"cannot talk to the kernel about networks: {error}") from error

    def subnets_in_use(self, own: Collection[str]) -> Sequence[Subnet]:
        with self._lock:
            names = {link.ifindex: link.name for link in rt.list_links(self._host)}
            routes = rt.list_routes(self._host, socket.AF_INET) + rt.list_routes(self._host, socket.AF_INET6)
        return [
            ip_network((ip_address(route.destination), route.prefix), strict=False)
            for route in routes
            if route.prefix and names.get(route.ifindex) not in own
        ]

    def bridge_addresses(self, bridge: str) -> Sequence[tuple[str, int]]:
        with self._lock:
            try:
                ifindex = rt.get_link(self._host, bridge).ifindex
            except OSError:
                raise NotFound(
                    f"bridge device with non default name {bridge} must be created manually"
                ) from None
            found = rt.list_addresses(self._host)
        return [(str(ip_address(a.address)), a.prefix) for a in found if a.ifindex == ifindex]

    def has_ipv6(self) -> bool:
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
                probe.bind(("::1", 0))
        except OSError:
            return False
        return True

    def port_range(self) -> tuple[int, int]:
        try:
            first, last = _PORT_RANGE.read_text(encoding="ascii").split()
            return int(first), int(last)
        except (OSError, ValueError):
            return _FALLBACK_RANGE

    def create_sandbox(self, path: Path) -> None:
        self._sandbox_sockets[path] = create_netns(path, _furnish)

    def remove_sandbox(self, path: Path) -> bool:
        if (sock := self._sandbox_sockets.pop(path, None)) is not None:
            sock.close()
        return remove_netns(path)

    def sandboxes(self, directory: Path) -> Collection[str]:
        return os.listdir(directory) if directory.is_dir() else ()

    def apply(self, networks: Sequence[Network]) -> None:
        with self._lock:
            if self._forwarding and networks:
                self._forward("ip", networks)
            for network in networks:
                link = self._find_link(network.bridge)
                if link is None:
                    ifindex = self._make_bridge(network)
                else:
                    ifindex = link.ifindex
                    if link.kind != "bridge":
                        raise Internal(f"interface {network.bridge} exists and is no bridge")
                self._bridges[network.bridge] = ifindex
                self._address_bridge(network, ifindex)
            if any(network.enable_ipv6 for network in networks) and self._forwarding:
                self._forward("ip6", networks)
            if self._filter is not None:
                self._filter.apply(networks)

    def _make_bridge(self, network: Network) -> int:
        if not network.own_bridge:
            raise NotFound(f"bridge device with non default name {network.bridge} must be created manually")
        mac = b"\x02\x42" + os.urandom(4)
        self._host.call([rt.new_bridge(network.bridge, mac, network.mtu)], network.bridge)
        return rt.get_link(self._host, network.bridge).ifindex

    def _forward(self, family: str, networks: Sequence[Network]) -> None:
        """Let the host forward; what is not ours stays as separate as it was."""
        ours = {network.bridge for network in networks}
        bridges = {self._bridges.get(bridge, -1) for bridge in ours}

        def links() -> list[str]:
            found = rt.list_links(self._host)
            return [link.name for link in found if link.name not in ours and link.master not in bridges]

        switch_on(family, links, self._filter.load if self._filter is not None else None)

    def _find_link(self, name: str) -> rt.Link | None:
        """One interface by name: with hundreds of containers a list of all takes twenty milliseconds."""
        try:
            return rt.get_link(self._host, name)
        except OSError:
            return None

    def _address_bridge(self, network: Network, ifindex: int) -> None:
        if network.enable_ipv6:
            write_sysctl(f"net/ipv6/conf/{network.bridge}/disable_ipv6", "0")
        write_sysctl(f"net/ipv4/conf/{network.bridge}/route_localnet", "1")
        if not network.own_bridge:
            return
        requests = []
        for pool in network.pools:
            prefix = ip_network(pool.subnet, strict=False).prefixlen
            requests.append(rt.new_address(ifindex, ip_address(pool.gateway).packed, prefix))
        self._host.call([*requests, rt.set_link_up(ifindex)], network.bridge)

    def delete_bridge(self, network: Network) -> None:
        with self._lock:
            self._bridges.pop(network.bridge, None)
            if network.own_bridge:
                self._call_unless_missing([rt.delete_link(network.bridge)], network.bridge)
            if self._filter is not None:
                self._filter.forget(network.bridge)

    def plug(self, plug: Plug) -> None:
        inside = self._sandbox_sockets.pop(plug.sandbox, None)
        if inside is None:
            inside = call_in_netns(plug.sandbox, lambda: NetlinkSocket(NETLINK_ROUTE))
        with inside:
            if plug.ipv6:
                # What is made later inherits the default; ours alone gets IPv6.
                _inside(plug.sandbox, "net/ipv6/conf/default/disable_ipv6", "0")
            self._make_pair(plug)
            try:
                self._configure(inside, plug)
            except OSError:
                self.unplug(plug.host_interface)
                raise

    def _make_pair(self, plug: Plug) -> None:
        netns = os.open(plug.sandbox, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with self._lock:
                ifindex = self._bridge_index(plug.bridge)
                try:
                    self._request_pair(plug, netns, ifindex)
                except OSError:
                    # Perhaps the bridge was deleted (ENODEV from the second look) or made anew meanwhile.
                    del self._bridges[plug.bridge]
                    found = self._bridge_index(plug.bridge)
                    if found == ifindex:
                        raise
                    self._request_pair(plug, netns, found)
        finally:
            os.close(netns)

    def _request_pair(self, plug: Plug, netns: int, bridge: int) -> None:
        near = rt.VethEnd(plug.host_interface)
        far = rt.VethEnd(plug.interface, bytes.fromhex(plug.mac.replace(":", "")))
        requests = [rt.new_veth(near, far, netns=netns, bridge=bridge, mtu=plug.mtu)]
        if plug.hairpin or plug.isolated:
            port = rt.set_bridge_port(plug.host_interface, hairpin=plug.hairpin, isolated=plug.isolated)
            requests.append(port)
        failures = self._host.attempt(requests, plug.host_interface)
        if failures[0] is not None:
            raise failures[0]
        if failures[-1] is not None:
            self._host.attempt([rt.delete_link(plug.host_interface)])
            raise failures[-1]

    def _bridge_index(self, name: str) -> int:
        ifindex = self._bridges.get(name)
        if ifindex is None:
            ifindex = self._bridges[name] = rt.get_link(self._host, name).ifindex
        return ifindex

    def _configure(self, inside: NetlinkSocket, plug: Plug) -> None:
        ifindex = rt.get_link(inside, plug.interface).ifindex
        requests = [rt.set_link_up(ifindex)]
        for address, prefix, gateway in (
            (plug.ipv4, plug.prefix, plug.gateway),
            (plug.ipv6, plug.ipv6_prefix, plug.ipv6_gateway),
        ):
            if address:
                requests.append(rt.new_address(ifindex, ip_address(address).packed, prefix))
            if gateway:
                requests.append(rt.replace_default_route(ip_address(gateway).packed, ifindex))
        inside.call(requests, plug.interface)

    def shut(self, host_interface: str) -> None:
        with self._lock:
            self._call_unless_missing([rt.shut_bridge_port(host_interface)], host_interface)

    def unplug(self, host_interface: str) -> None:
        with self._lock:
            self._call_unless_missing([rt.delete_link(host_interface)], host_interface)

    def _call_unless_missing(self, requests: Sequence[Request], what: str) -> None:
        for failure in self._host.attempt(requests, what):
            # EINVAL: a port that has just left its bridge, EOPNOTSUPP likewise.
            if failure is not None and not is_missing(failure):
                if failure.errno in (errno.EINVAL, errno.EOPNOTSUPP):
                    continue
                raise failure

    def watch_neighbours(self) -> None:
        if self._filter is not None:
            self._filter.watch(list(self._bridges))

    def set_gateway(self, sandbox: Path, interface: str, gateway: str, ipv6_gateway: str) -> None:
        def move() -> None:
            with NetlinkSocket(NETLINK_ROUTE) as sock:
                ifindex = rt.get_link(sock, interface).ifindex
                chosen = [g for g in (gateway, ipv6_gateway) if g]
                sock.call(
                    [rt.replace_default_route(ip_address(g).packed, ifindex) for g in chosen], interface
                )

        call_in_netns(sandbox, move)

    def open_door(self, sandbox: Path, port: int) -> Door:
        return call_in_netns(sandbox, lambda: open_door(port))

    def open_inside(self, sandbox: Path, family: int, kind: int) -> socket.socket:
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        return call_in_netns(sandbox, lambda: socket.socket(family, kind | flags))

    def add_forwards(self, forwards: Sequence[Forward]) -> None:
        if self._filter is not None:
            self._filter.add(forwards)

    def remove_forwards(self, forwards: Sequence[Forward]) -> None:
        if self._filter is not None:
            self._filter.remove(forwards)

    def reset_forwards(self, forwards: Sequence[Forward]) -> None:
        if self._filter is not None:
            self._filter.reset(forwards)

    def hold(self, protocol: str, address: str, port: int, target: Target) -> Held:
        return hold_port(self._tasks, protocol, address, port, target if self._proxy else None)

    def sweep(self, networks: Sequence[Network], interfaces: Mapping[str, str]) -> None:
        with self._lock:
            indexes = {self._bridges.get(network.bridge, -1) for network in networks}
            ports = rt.bridge_ports(self._host)
            if {name for name, master in ports.items() if master in indexes} == interfaces.keys():
                return  # everybody is where it belongs, and nobody else is there
            for link in rt.list_links(self._host):
                bridge = self._bridges.get(interfaces.get(link.name, ""))
                if bridge is not None and link.master == 0:
                    _log.warning("putting interface %s back into its bridge", link.name)
                    self._call_unless_missing([rt.set_master(link.name, bridge)], link.name)
                elif link.master in indexes and link.kind == "veth" and link.name not in interfaces:
                    _log.info("removing interface %s, which no container uses", link.name)
                    self._call_unless_missing([rt.delete_link(link.name)], link.name)

    def close(self, networks: Sequence[Network], *, remove: bool) -> None:
        if remove:
            for network in networks:
                self.delete_bridge(network)
            if self._filter is not None:
                self._filter.withdraw(networks)
        for sock in (*self._sandbox_sockets.values(), self._host):
            sock.close()
        self._sandbox_sockets.clear()
        if self._filter is not None:
            self._filter.close()


def _furnish() -> NetlinkSocket:
    """Inside a new namespace: bring the loopback up, keep IPv6 off interfaces whose network has none (the
    loopback keeps ``::1``), and open the socket that will configure the rest."""
    with contextlib.suppress(FileNotFoundError):
        write_fresh("net/ipv6/conf/default/disable_ipv6", "1")
    sock = NetlinkSocket(NETLINK_ROUTE)
    try:
        sock.call([rt.set_link_up(_LOOPBACK)], "lo")
    except OSError:
        sock.close()
        raise
    return sock


def _inside(sandbox: Path, name: str, value: str) -> None:
    call_in_netns(sandbox, lambda: write_sysctl(name, value))
