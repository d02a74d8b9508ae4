"""Forwarding is switched on for containers, and the machine does not become a router by it."""

import socket
import subprocess
from pathlib import Path

import pytest

from berth.kernel.namespace import call_in_netns, create_netns, remove_netns

from .conftest import sh

pytestmark = pytest.mark.root


class Neighbour:
    """A namespace beyond an interface of the host's own."""

    def __init__(self, place: Path, name: str, subnet: str) -> None:
        self.place = place / name
        self.address, self._gateway, self._name = f"{subnet}.2", f"{subnet}.1", name

    def __enter__(self) -> "Neighbour":
        create_netns(self.place, lambda: None)
        sh(f"ip link add {self._name} type veth peer name far-{self._name}")
        sh(f"ip addr add {self._gateway}/24 dev {self._name}; ip link set {self._name} up")
        with self.place.open() as namespace:
            fd = namespace.fileno()
            target = f"/proc/self/fd/{fd}"
            subprocess.run(
                ["ip", "link", "set", f"far-{self._name}", "netns", target], check=True, pass_fds=[fd]
            )
        setup = f"ip link set lo up; ip addr add {self.address}/24 dev far-{self._name}; "
        setup += f"ip link set far-{self._name} up; ip route add default via {self._gateway}"
        call_in_netns(self.place, lambda: sh(setup))
        return self

    def __exit__(self, *_: object) -> None:
        remove_netns(self.place)

    def listen(self) -> socket.socket:
        """A UDP socket on port 9."""

        def make() -> socket.socket:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((self.address, 9))
            sock.settimeout(10)
            return sock

        return call_in_netns(self.place, make)

    def tell(self, *others: "Neighbour") -> None:
        """Send each of ``others`` a datagram, in this order."""

        def send() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for other in others:
                    sock.sendto(b"hello", (other.address, 9))

        call_in_netns(self.place, send)


def _forwarding() -> str:
    return Path("/proc/sys/net/ipv4/ip_forward").read_text().strip()


def test_what_did_not_forward_before_still_does_not(in_world, tmp_path):
    async def body(world):
        with Neighbour(tmp_path, "left", "10.98.1") as left, Neighbour(tmp_path, "right", "10.98.2") as right:
            sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
            manager = await world.manager()
            await manager.restore([])
            assert _forwarding() == "1"
            # Whoever comes later brings rules of its own, as an engine for virtual machines does.
            late = Neighbour(tmp_path, "late", "10.98.3")
            with late, right.listen() as isolated, late.listen() as open_to_all:
                left.tell(right, late)
                assert open_to_all.recv(16) == b"hello"
                isolated.setblocking(False)
                with pytest.raises(BlockingIOError):
                    isolated.recv(16)
            await manager.close()
            with right.listen() as isolated, left.listen() as own:
                # The daemon has gone; forwarding is on and the machine is still no router.
                assert _forwarding() == "1"
                left.tell(right, left)
                assert own.recv(16) == b"hello"
                isolated.setblocking(False)
                with pytest.raises(BlockingIOError):
                    isolated.recv(16)

    in_world(body)


def test_a_host_that_forwards_already_is_left_alone(in_world, tmp_path):
    async def body(world):
        with Neighbour(tmp_path, "left", "10.98.1") as left, Neighbour(tmp_path, "right", "10.98.2") as right:
            sh("echo 1 > /proc/sys/net/ipv4/ip_forward")
            before = sh("nft list ruleset")
            manager = await world.manager()
            await manager.restore([])
            with right.listen() as reached:
                left.tell(right)
                assert reached.recv(16) == b"hello"
            await manager.close()
            assert sh("nft list ruleset") == before

    in_world(body)


def test_without_filtering_the_administrator_decides(in_world):
    async def body(world):
        sh("echo 0 > /proc/sys/net/ipv4/ip_forward")
        manager = await world.manager(firewall=False)
        await manager.restore([])
        assert _forwarding() == "1"
        assert sh("nft list ruleset") == ""
        await manager.close()

    in_world(body)
