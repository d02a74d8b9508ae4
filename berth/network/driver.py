"""What the network manager needs from the kernel, and nothing more.

``bridge.BridgeDriver`` is the real thing; ``memory.MemoryDriver`` remembers what it was told and passes the
same contract suite. Methods raise OSError or an error of ``base.errors``; after a failure nothing of the
failed call remains, except where said.
"""

import socket
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from berth.network.dns.door import Door
from berth.network.ipam import Subnet
from berth.network.records import Network
from berth.network.ruleset import Forward


class Plug(NamedTuple):
    """One interface to be made. Addresses are text; empty where the network lacks the family."""

    sandbox: Path
    bridge: str
    host_interface: str
    interface: str
    mac: str
    mtu: int
    ipv4: str = ""
    prefix: int = 0
    gateway: str = ""
    ipv6: str = ""
    ipv6_prefix: int = 0
    ipv6_gateway: str = ""
    hairpin: bool = False
    """Needed when a container may call its own published port."""
    isolated: bool = False
    """The network's containers do not hear one another."""


class Target(NamedTuple):
    """Where a published port leads: address and port inside."""

    address: str
    port: int


class Held(Protocol):
    """A host port that no other program can take while it is held."""

    def close(self) -> None:
        """Let go; harmless when called twice."""
        ...


class Driver(Protocol):
    """The kernel's side of bridge networks."""

    def subnets_in_use(self, own: Collection[str]) -> Sequence[Subnet]:
        """Destinations of the host's routes, without default routes and those through ``own`` bridges."""
        ...

    def bridge_addresses(self, bridge: str) -> Sequence[tuple[str, int]]:
        """(address, prefix length) pairs of an existing interface; NotFound when there is none."""
        ...

    def has_ipv6(self) -> bool:
        """Whether ports can be published on IPv6 addresses of the host."""
        ...

    def port_range(self) -> tuple[int, int]:
        """First and last port of those handed out when none is named."""
        ...

    def create_sandbox(self, path: Path) -> None:
        """Make a network namespace, bound at ``path``, with its loopback up. FileExistsError if ``path``
        exists. Called from the event loop or any thread."""
        ...

    def remove_sandbox(self, path: Path) -> bool:
        """Let go of the namespace and remove ``path``; False when there was nothing."""
        ...

    def sandboxes(self, directory: Path) -> Collection[str]:
        """Names of the files in ``directory``."""
        ...

    def apply(self, networks: Sequence[Network]) -> None:
        """Make bridges, kernel switches and rules be as ``networks`` (all of driver bridge) want them.
        Called again with the same networks it repairs what is missing."""
        ...

    def delete_bridge(self, network: Network) -> None:
        """Remove the network's own bridge. ``apply`` without the network comes after."""
        ...

    def plug(self, plug: Plug) -> None:
        """Make the interface pair, address and default route (a gateway given means: route there)."""
        ...

    def shut(self, host_interface: str) -> None:
        """Let no packet through any more: the address may be given to somebody else at once. The interface
        itself goes with its namespace. Missing interfaces are no error."""
        ...

    def unplug(self, host_interface: str) -> None:
        """Remove the interface from a namespace that lives on. Missing interfaces are no error."""
        ...

    def watch_neighbours(self) -> None:
        """Look whether somebody else's packet filter has come to stand in the way, and see to it. Cheap;
        called after every ``plug``."""
        ...

    def set_gateway(self, sandbox: Path, interface: str, gateway: str, ipv6_gateway: str) -> None:
        """Move the default route of a living namespace."""
        ...

    def open_door(self, sandbox: Path, port: int) -> Door:
        """What is sent to port 53 of 127.0.0.11 inside comes out of these sockets. They hold the namespace
        until they are closed. ``port``: see ``dns.door``. Called from any thread."""
        ...

    def open_inside(self, sandbox: Path, family: int, kind: int) -> socket.socket:
        """A socket that does not block, as if the container had made it. Called from any thread."""
        ...

    def add_forwards(self, forwards: Sequence[Forward]) -> None:
        """Publish ports, all or none."""
        ...

    def remove_forwards(self, forwards: Sequence[Forward]) -> None:
        """Withdraw ports; missing ones are no error."""
        ...

    def reset_forwards(self, forwards: Sequence[Forward]) -> None:
        """Make exactly these ports be published, without a gap for those that stay."""
        ...

    def hold(self, protocol: str, address: str, port: int, target: Target) -> Held:
        """Take a host port so that nobody else can, and serve what the packet filter does not redirect
        (IPv6 for a container without it, and ``::1`` in any case). OSError as bind(2) gives."""
        ...

    def sweep(self, networks: Sequence[Network], interfaces: Mapping[str, str]) -> None:
        """Remove ports of the networks' bridges that are not among ``interfaces`` (host interface to
        bridge): left by a crash. Those that are, but have lost their bridge, are put back into it."""
        ...

    def close(self, networks: Sequence[Network], *, remove: bool) -> None:
        """Let go of sockets; with ``remove`` also take away rules and own bridges of ``networks``."""
        ...
