"""The name servers of all containers: opened with the first user-defined network, gone with the sandbox.

On disk: ``<exec_root>/names/<container id>``, what it takes to open the door again after the daemon's death.
"""

import asyncio
import logging
import os
import random
import socket
from collections.abc import Collection, Sequence
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from berth.base.tasks import TaskTree
from berth.network.catalog import Catalog
from berth.network.dns.door import Door
from berth.network.dns.host import HostServers, usable
from berth.network.dns.index import reversed_address
from berth.network.dns.server import Known, NameServer
from berth.network.driver import Driver
from berth.network.files import EMBEDDED_SERVER
from berth.network.records import BRIDGE, Endpoint, Network, Resolver

if TYPE_CHECKING:
    from berth.network.dns.message import Query

_log = logging.getLogger(__name__)


def has_names(network: Network) -> bool:
    """Whether containers of the network know one another by name: Docker's rule."""
    return network.driver == BRIDGE and not network.predefined


class NameService:
    """Call it on the event loop, except for ``open_door``."""

    def __init__(self, catalog: Catalog, driver: Driver, tasks: TaskTree, exec_root: Path) -> None:
        self._catalog = catalog
        self._driver = driver
        self._tasks = tasks
        self._directory = exec_root / "names"
        self._sandboxes = exec_root / "netns"
        self._servers: dict[str, NameServer] = {}
        self._lost: set[str] = set()
        self._host = HostServers()

    def serves(self, container_id: str) -> bool:
        """Whether the container has a name server already."""
        return container_id in self._servers

    def serve(self, container_id: str, door: Door, resolver: Resolver) -> None:
        """Answer what comes through ``door``."""
        resolver = replace(resolver, port=door.port)
        try:
            self._directory.mkdir(exist_ok=True, mode=0o711)
            file = os.open(self._directory / container_id, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(file, "wb") as stream:
                stream.write(msgspec.json.encode(resolver))
        except BaseException:
            door.close()
            raise
        self._open(container_id, door, resolver)

    def _open(self, container_id: str, door: Door, resolver: Resolver) -> None:
        knowledge = _ContainerKnowledge(
            container_id, resolver, self._catalog, self._driver, self._sandboxes / container_id, self._host
        )
        self._servers[container_id] = NameServer(door, knowledge, self._tasks, _load)

    def restore(self, live: Collection[str]) -> None:
        """After a start: open the doors of the containers in ``live`` again, forget all others. One that
        does not open is reported and leaves its container without names."""
        for name in os.listdir(self._directory) if self._directory.is_dir() else ():
            file = self._directory / name
            if name not in live:
                file.unlink()
                continue
            try:
                resolver = msgspec.json.decode(file.read_bytes(), type=Resolver)
                door = self._driver.open_door(self._sandboxes / name, resolver.port)
            except (OSError, msgspec.DecodeError) as error:
                _log.error("container %s has lost its name server: %s", name, error)
                self._lost.add(name)
                continue
            self.serve(name, door, resolver)

    def end(self, container_id: str) -> None:
        """The sandbox goes; harmless when the container has no name server."""
        if (server := self._servers.pop(container_id, None)) is not None:
            server.close()
        if server is not None or container_id in self._lost:
            self._lost.discard(container_id)
            (self._directory / container_id).unlink(missing_ok=True)

    def close(self) -> None:
        """The daemon goes: the doors of living containers are opened again by the next one."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()


async def _load() -> None:
    """Import what reads messages, in a thread: 40 ms, once in a daemon's life."""
    await asyncio.to_thread(import_module, "berth.network.dns.message")


class _ContainerKnowledge:
    """What one container may know. See ``server.Knowledge``."""

    def __init__(
        self,
        container_id: str,
        resolver: Resolver,
        catalog: Catalog,
        driver: Driver,
        sandbox: Path,
        host: HostServers,
    ) -> None:
        self._container_id = container_id
        self._catalog = catalog
        self._driver = driver
        self._sandbox = sandbox
        self._host = host
        # Our own address would be a question to ourselves, without end.
        self._own = usable([one for one in resolver.servers if one != EMBEDDED_SERVER])
        self._ndots = resolver.ndots

    @property
    def version(self) -> int:
        return self._catalog.names.version

    def _places(self) -> list[tuple[Endpoint, Network]]:
        mine = self._catalog.endpoints_of(self._container_id)
        pairs = [(endpoint, self._catalog.networks[endpoint.network_id]) for endpoint in mine]
        return [(endpoint, network) for endpoint, network in pairs if has_names(network)]

    def look_up(self, query: "Query") -> Known | None:
        from berth.network.dns.message import AAAA, PTR, A

        if query.kind == PTR:
            address = reversed_address(query.name)
            name = self._catalog.names.at(self._places(), address) if address else ""
            return Known([f"{name}."]) if name else None
        found = self._catalog.names.find(self._places(), query.name)
        if not found:
            return None
        for holders in found:
            if query.kind in (A, AAAA):
                values = [h.ipv4 if query.kind == A else h.ipv6 for h in holders]
                values = [value for value in values if value]
                if values:
                    random.shuffle(values)
                    return Known(values)
        return Known(())

    def servers(self, query: "Query") -> Sequence[str]:
        if self._ndots and "." not in query.name:
            return ()
        if self._own:
            return self._own
        # Nothing leaves an internal network, not by way of our own questions either.
        mine = self._catalog.endpoints_of(self._container_id)
        return self._host() if any(e.gateway or e.ipv6_gateway for e in mine) else ()

    def open_socket(self, address: str, kind: int) -> socket.socket:
        """The container's own servers are asked from where it is, the host's from the host."""
        family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        if self._own:
            return self._driver.open_inside(self._sandbox, family, kind)
        return socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
