"""A world for network tests: a namespace of the test's own, where the manager lives, and an outside."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from berth.kernel.capabilities import effective_capabilities
from berth.kernel.namespace import call_in_netns, call_in_new_netns, create_netns, remove_netns
from berth.network.manager import SCHEMA, NetworkManager
from berth.network.records import NetworkConfig
from berth.state.database import Database

HOST = "10.99.0.2"
OUTSIDE = "10.99.0.1"


def _missing() -> str | None:
    if os.geteuid() != 0 or "CAP_NET_ADMIN" not in effective_capabilities():
        return "needs root with CAP_NET_ADMIN"
    for program in ("ip", "nft"):
        if shutil.which(program) is None:
            return f"needs the program {program}"
    return None


def sh(command: str) -> str:
    """Run a shell command in the calling thread's namespaces."""
    done = subprocess.run(["sh", "-ec", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


class World:
    """A host with an uplink to an outside, and managers on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.outside = root / "outside"
        self._databases: list[Database] = []

    async def manager(self, **settings: object) -> NetworkManager:
        """Open a manager on the world's one state file, as a daemon's start would."""
        config = NetworkConfig(**{"instance": "test", "default_bridge_name": "bt0", **settings})
        db = Database.open(self.root / "data" / f"{config.instance}.db", [SCHEMA])
        self._databases.append(db)
        return await NetworkManager.open(db, self.root / f"run-{config.instance}", config)

    async def abandon(self, manager: NetworkManager) -> None:
        """What kill -9 does: descriptors are closed, nothing else happens."""
        manager._publisher.close()
        manager._driver.close([], remove=False)
        await manager._tasks.close()
        manager._worker.shutdown()

    def from_outside(self, function: Callable[[], object]) -> object:
        """Run in the namespace beyond the uplink."""
        return call_in_netns(self.outside, function)

    def close(self) -> None:
        for db in self._databases:
            db.close()


def _build(world: World) -> None:
    create_netns(world.outside, lambda: None)
    sh("ip link set lo up")
    sh(f"ip link add up0 type veth peer name up1; ip addr add {HOST}/24 dev up0; ip link set up0 up")
    fd = os.open(world.outside, os.O_RDONLY)
    try:
        subprocess.run(
            ["ip", "link", "set", "up1", "netns", f"/proc/self/fd/{fd}"], check=True, pass_fds=[fd]
        )
    finally:
        os.close(fd)
    inside = f"ip link set lo up; ip addr add {OUTSIDE}/24 dev up1; ip link set up1 up"
    call_in_netns(world.outside, lambda: sh(inside))
    sh(f"ip route add default via {OUTSIDE}")


@pytest.fixture
def in_world(tmp_path: Path) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Run an async test body in a fresh network namespace."""
    if (reason := _missing()) is not None:
        pytest.skip(reason)

    def run(body: Callable[[World], Awaitable[None]]) -> None:
        world = World(tmp_path)

        async def main() -> None:
            loop = asyncio.get_running_loop()
            loop.set_debug(False)
            await body(world)

        def thread() -> None:
            try:
                _build(world)
                asyncio.run(main())
            finally:
                world.close()
                remove_netns(world.outside)
                for directory in tmp_path.glob("run-*/netns"):
                    for name in os.listdir(directory):
                        remove_netns(directory / name)

        call_in_new_netns(thread)

    return run


@contextlib.contextmanager
def server_in(
    sandbox: Path, port: int, kind: int = socket.SOCK_STREAM, address: str = ""
) -> Iterator[socket.socket]:
    """A listening (or bound UDP) socket inside a sandbox."""

    def make() -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        sock.bind((address, port))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        sock.settimeout(10)
        return sock

    with call_in_netns(sandbox, make) as sock:
        yield sock


def reach(server: socket.socket, address: str, port: int) -> tuple[str, bytes]:
    """Connect, exchange a line each way, and return who the server saw and what the client got."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(10)
        client.connect((address, port))
        conn, peer = server.accept()
        with conn:
            conn.settimeout(10)
            client.sendall(b"ping")
            assert conn.recv(4) == b"ping"
            conn.sendall(b"pong")
            return peer[0], client.recv(4)
