"""User-defined networks in the kernel: several at once, internal, without ICC, with IPv6."""

import asyncio
import socket

import pytest

from berth.kernel.namespace import call_in_netns
from berth.network.records import CreateNetwork, EndpointRequest, Pool, PortRequest

from .conftest import HOST, OUTSIDE, reach, server_in, sh

pytestmark = pytest.mark.root


def _fails_to_connect(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(0.5)
        try:
            client.connect((address, port))
        except OSError:
            return True
        return False


async def _end(manager, *names):
    for name in names:
        await manager.detach(name)
        manager.remove_sandbox(name)


def test_networks_are_apart_and_a_container_can_be_in_two(in_world):
    async def body(world):
        manager = await world.manager()
        red = await manager.create(CreateNetwork(name="red"))
        blue = await manager.create(CreateNetwork(name="blue", pools=(Pool(subnet="10.77.0.0/24"),)))
        a, b, c = (manager.create_sandbox(name) for name in "abc")
        await manager.attach("a", a, "red", EndpointRequest(name="a"))
        await manager.attach("b", b, "blue", EndpointRequest(name="b", ipv4="10.77.0.9"))
        in_blue = await manager.attach("c", c, "blue", EndpointRequest(name="c"))
        assert (red.bridge, blue.pools[0].gateway) == (f"br-{red.id[:12]}", "10.77.0.1")
        with server_in(b, 80) as server:
            assert call_in_netns(c, lambda: reach(server, "10.77.0.9", 80)) == (in_blue.ipv4, b"pong")
            assert call_in_netns(a, lambda: _fails_to_connect("10.77.0.9", 80))
            both = await manager.attach("a", a, "blue", EndpointRequest(name="a"))
            assert both.interface == "eth1"
            assert call_in_netns(a, lambda: reach(server, "10.77.0.9", 80)) == (both.ipv4, b"pong")
            # blue comes before red by name, so the default route has moved.
            assert "default via 10.77.0.1 dev eth1" in call_in_netns(a, lambda: sh("ip route"))
            await manager.detach("a", blue.id)
            assert "default via 172.18.0.1 dev eth0" in call_in_netns(a, lambda: sh("ip route"))
            assert "eth1" not in call_in_netns(a, lambda: sh("ip -br link"))
        with server_in(world.outside, 7000) as server:
            assert call_in_netns(a, lambda: reach(server, OUTSIDE, 7000)) == (HOST, b"pong")
        await _end(manager, "a", "b", "c")
        for name in ("red", "blue"):
            await manager.remove(name)
        assert red.bridge not in sh("ip -br link; nft list ruleset")
        await manager.close()

    in_world(body)


def test_internal_network_has_no_way_out(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="cell", internal=True))
        a, b = manager.create_sandbox("a"), manager.create_sandbox("b")
        first = await manager.attach("a", a, "cell", EndpointRequest(name="a"))
        await manager.attach("b", b, "cell", EndpointRequest(name="b"))
        with server_in(a, 80) as server:
            assert call_in_netns(b, lambda: reach(server, first.ipv4, 80))[1] == b"pong"
        assert "default" not in call_in_netns(a, lambda: sh("ip route"))
        call_in_netns(a, lambda: sh("ip route add default via 172.18.0.1"))
        with server_in(world.outside, 7000):
            assert call_in_netns(a, lambda: _fails_to_connect(OUTSIDE, 7000))
        await _end(manager, "a", "b")
        await manager.remove("cell")
        await manager.close()

    in_world(body)


def test_without_icc_containers_do_not_hear_one_another(in_world):
    async def body(world):
        manager = await world.manager(icc=False)
        a, b = manager.create_sandbox("a"), manager.create_sandbox("b")
        first = await manager.attach("a", a, "bridge", EndpointRequest(name="a"))
        await manager.attach("b", b, "bridge", EndpointRequest(name="b"))
        with server_in(a, 80) as server:
            assert call_in_netns(b, lambda: _fails_to_connect(first.ipv4, 80))
            assert (await asyncio.to_thread(reach, server, first.ipv4, 80))[1] == b"pong"
        await _end(manager, "a", "b")
        await manager.close()

    in_world(body)


def test_ipv6_network(in_world):
    async def body(world):
        sh("ip addr add fd99::2/64 dev up0 nodad")
        world.from_outside(lambda: sh("ip addr add fd99::1/64 dev up1 nodad"))
        manager = await world.manager()
        wish = CreateNetwork(name="six", enable_ipv6=True, pools=(Pool(subnet="fd01::/64"),))
        network = await manager.create(wish)
        assert [pool.gateway for pool in network.pools] == ["172.18.0.1", "fd01::1"]
        a, b = manager.create_sandbox("a"), manager.create_sandbox("b")
        port = (PortRequest(container_port=80, host_port=8888),)
        first = await manager.attach("a", a, "six", EndpointRequest(name="a"), port)
        await manager.attach("b", b, "six", EndpointRequest(name="b"))
        assert (first.ipv6, first.ipv6_prefix, first.ipv6_gateway) == ("fd01::2", 64, "fd01::1")
        with server_in(a, 80, address="::") as server:
            assert call_in_netns(b, lambda: reach(server, "fd01::2", 80)) == ("fd01::3", b"pong")
            assert world.from_outside(lambda: reach(server, "fd99::2", 8888)) == ("fd99::1", b"pong")
            assert (await asyncio.to_thread(reach, server, "::1", 8888))[1] == b"pong"
        with server_in(world.outside, 7000, address="::") as server:
            assert call_in_netns(b, lambda: reach(server, "fd99::1", 7000)) == ("fd99::2", b"pong")
        await _end(manager, "a", "b")
        await manager.remove("six")
        # What keeps the host from being a router stays, as forwarding does.
        assert [t for t in sh("nft list tables").splitlines() if "ip6" in t] == ["table ip6 berth_isolation"]
        await manager.close()

    in_world(body)
