"""Containers on the default bridge: addresses, each other, the outside, published ports, clean-up."""

import asyncio
import os
import socket

import pytest

from berth.base.errors import Internal
from berth.kernel.namespace import call_in_netns
from berth.network.records import EndpointRequest, PortRequest

from .conftest import HOST, OUTSIDE, reach, server_in, sh

pytestmark = pytest.mark.root


async def _in_thread(function, *arguments):
    return await asyncio.to_thread(function, *arguments)


def test_two_containers_reach_each_other_and_the_outside(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.restore([])
        one, two = manager.create_sandbox("one"), manager.create_sandbox("two")
        first = await manager.attach("one", one, "bridge", EndpointRequest(name="one"))
        second = await manager.attach("two", two, "bridge", EndpointRequest(name="two"))
        assert (first.ipv4, first.prefix, first.gateway) == ("172.17.0.2", 16, "172.17.0.1")
        assert second.ipv4 == "172.17.0.3"
        assert second.mac == "02:42:ac:11:00:03"
        with server_in(one, 80) as server:
            assert call_in_netns(two, lambda: reach(server, "172.17.0.2", 80)) == ("172.17.0.3", b"pong")
        with server_in(world.outside, 7000) as server:
            assert call_in_netns(one, lambda: reach(server, OUTSIDE, 7000)) == (HOST, b"pong")
        assert "172.17.0.0/16 dev eth0" in call_in_netns(one, lambda: sh("ip route"))
        assert "::1" in call_in_netns(one, lambda: sh("ip -6 addr show dev lo"))
        assert call_in_netns(one, lambda: sh("ip -6 addr show dev eth0")) == ""
        for name in ("one", "two"):
            await manager.detach(name)
            manager.remove_sandbox(name)
        await manager.close()

    in_world(body)


def _kernel_state():
    """Interfaces by name (their states settle in the background), rules and routes. A veth pair may still
    be about to vanish with its namespace."""
    links = [line.split()[0] for line in sh("ip -br link").splitlines() if not line.startswith("veth")]
    return links, sh("nft list ruleset"), sh("ip route")


def test_nothing_is_left_behind(in_world):
    async def body(world):
        sh("echo 1 > /proc/sys/net/ipv4/ip_forward")  # else berth switches it on, for good: test_forwarding
        before = _kernel_state()
        manager = await world.manager()
        await manager.restore([])
        sandbox = manager.create_sandbox("one")
        port = PortRequest(container_port=80, host_port=8080)
        await manager.attach("one", sandbox, "bridge", EndpointRequest(name="one"), [port])
        assert "bt0" in sh("ip -br link")
        await manager.detach("one")
        manager.remove_sandbox("one")
        assert os.listdir(sandbox.parent) == []
        assert "8080" not in sh("nft list ruleset")
        await manager.close()
        assert _kernel_state() == before

    in_world(body)


@pytest.mark.parametrize("address", ["127.0.0.1", HOST, "::1"])
def test_published_port_answers_on_every_address(in_world, address):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("web")
        port = PortRequest(container_port=80, host_port=8888)
        endpoint = await manager.attach("web", sandbox, "bridge", EndpointRequest(name="web"), [port])
        assert [(p.host_ip, p.host_port) for p in endpoint.ports] == [("0.0.0.0", 8888), ("::", 8888)]
        with server_in(sandbox, 80) as server:
            _, answer = await _in_thread(reach, server, address, 8888)
            assert answer == b"pong"
        await manager.detach("web")
        with pytest.raises(ConnectionRefusedError):
            await _in_thread(socket.create_connection, (address, 8888), 10)
        manager.remove_sandbox("web")
        await manager.close()

    in_world(body)


def test_published_port_seen_from_outside_keeps_the_source_address(in_world):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("web")
        port = PortRequest(container_port=80, host_port=8888)
        await manager.attach("web", sandbox, "bridge", EndpointRequest(name="web"), [port])
        with server_in(sandbox, 80) as server:
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
        await manager.detach("web")
        manager.remove_sandbox("web")
        await manager.close()

    in_world(body)


def test_container_reaches_itself_and_its_neighbour_through_the_host_address(in_world):
    async def body(world):
        manager = await world.manager()
        one, two = manager.create_sandbox("one"), manager.create_sandbox("two")
        port = PortRequest(container_port=80, host_port=8888)
        await manager.attach("one", one, "bridge", EndpointRequest(name="one"), [port])
        await manager.attach("two", two, "bridge", EndpointRequest(name="two"))
        with server_in(one, 80) as server:
            assert call_in_netns(one, lambda: reach(server, HOST, 8888)) == ("172.17.0.1", b"pong")
            assert call_in_netns(two, lambda: reach(server, HOST, 8888)) == ("172.17.0.1", b"pong")
        for name in ("one", "two"):
            await manager.detach(name)
            manager.remove_sandbox(name)
        await manager.close()

    in_world(body)


def test_unpublished_port_is_closed_to_the_outside(in_world):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("db")
        endpoint = await manager.attach("db", sandbox, "bridge", EndpointRequest(name="db"))
        world.from_outside(lambda: sh(f"ip route add 172.17.0.0/16 via {HOST}"))

        def connect() -> None:
            with socket.socket() as client:
                client.settimeout(0.5)
                client.connect((endpoint.ipv4, 5432))

        with server_in(sandbox, 5432) as server:
            with pytest.raises(TimeoutError):
                world.from_outside(connect)
            assert (await _in_thread(reach, server, endpoint.ipv4, 5432))[1] == b"pong"
        await manager.detach("db")
        manager.remove_sandbox("db")
        await manager.close()

    in_world(body)


def test_container_cannot_reach_services_on_the_hosts_loopback(in_world):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("evil")
        await manager.attach("evil", sandbox, "bridge", EndpointRequest(name="evil"))
        call_in_netns(
            sandbox, lambda: sh("ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via 172.17.0.1")
        )
        call_in_netns(sandbox, lambda: sh("echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet"))

        def connect() -> None:
            with socket.socket() as client:
                client.settimeout(0.5)
                client.connect(("127.0.0.1", 9000))

        with socket.create_server(("127.0.0.1", 9000)), pytest.raises(TimeoutError):
            call_in_netns(sandbox, connect)
        await manager.detach("evil")
        manager.remove_sandbox("evil")
        await manager.close()

    in_world(body)


@pytest.mark.parametrize("address", ["127.0.0.1", HOST, "::1"])
def test_udp_port(in_world, address):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("dns")
        port = PortRequest(container_port=53, host_port=5353, protocol="udp")
        await manager.attach("dns", sandbox, "bridge", EndpointRequest(name="dns"), [port])

        def ask(server: socket.socket) -> bytes:
            with socket.socket(
                socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM
            ) as client:
                client.settimeout(10)
                client.connect((address, 5353))
                client.send(b"query")
                data, peer = server.recvfrom(100)
                server.sendto(data + b" answer", peer)
                return client.recv(100)

        with server_in(sandbox, 53, socket.SOCK_DGRAM) as server:
            assert await _in_thread(ask, server) == b"query answer"
        await manager.detach("dns")
        manager.remove_sandbox("dns")
        await manager.close()

    in_world(body)


def test_port_on_one_address_answers_only_there(in_world):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("web")
        port = PortRequest(container_port=80, host_port=8888, host_ip="127.0.0.1")
        await manager.attach("web", sandbox, "bridge", EndpointRequest(name="web"), [port])
        with server_in(sandbox, 80) as server:
            assert (await _in_thread(reach, server, "127.0.0.1", 8888))[1] == b"pong"
            with pytest.raises(ConnectionRefusedError):
                await _in_thread(socket.create_connection, (HOST, 8888), 10)
        await manager.detach("web")
        manager.remove_sandbox("web")
        await manager.close()

    in_world(body)


def test_clashes_have_dockers_texts_and_leave_nothing(in_world):
    async def body(world):
        manager = await world.manager()
        one, two = manager.create_sandbox("one"), manager.create_sandbox("two")
        port = PortRequest(container_port=80, host_port=8888)
        await manager.attach("one", one, "bridge", EndpointRequest(name="one"), [port])
        with pytest.raises(Internal) as caught:
            await manager.attach("two", two, "bridge", EndpointRequest(name="two"), [port])
        text = str(caught.value)
        assert text.startswith("driver failed programming external connectivity on endpoint two (")
        assert text.endswith("): Bind for 0.0.0.0:8888 failed: port is already allocated")
        with socket.create_server(("0.0.0.0", 7777)):
            foreign = PortRequest(container_port=80, host_port=7777)
            with pytest.raises(Internal) as caught:
                await manager.attach("two", two, "bridge", EndpointRequest(name="two"), [foreign])
        assert str(caught.value).endswith(
            "): Error starting userland proxy: listen tcp4 0.0.0.0:7777: bind: address already in use"
        )
        absent = PortRequest(container_port=80, host_port=7778, host_ip="10.1.2.3")
        with pytest.raises(Internal, match=r"10\.1\.2\.3:7778: bind: cannot assign requested address"):
            await manager.attach("two", two, "bridge", EndpointRequest(name="two"), [absent])
        assert manager.endpoints_of("two") == ()
        assert call_in_netns(two, lambda: sh("ip -br link")).split()[0] == "lo"
        assert "7777" not in sh("nft list ruleset")
        free = await manager.attach("two", two, "bridge", EndpointRequest(name="two"), [foreign])
        assert free.ipv4 == "172.17.0.3"
        for name in ("one", "two"):
            await manager.detach(name)
            manager.remove_sandbox(name)
        await manager.close()

    in_world(body)


def test_udp_client_that_never_pauses_follows_the_port(in_world):
    async def body(world):
        manager = await world.manager()
        wish = [PortRequest(container_port=53, host_port=5353, protocol="udp")]

        def make_client() -> socket.socket:
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            client.settimeout(10)
            client.bind((OUTSIDE, 40000))
            return client

        with world.from_outside(make_client) as client:
            client.sendto(b"too early", (HOST, 5353))
            for name in ("one", "two"):
                sandbox = manager.create_sandbox(name)
                await manager.attach(name, sandbox, "bridge", EndpointRequest(name=name), wish)
                with server_in(sandbox, 53, socket.SOCK_DGRAM) as server:
                    client.sendto(name.encode(), (HOST, 5353))
                    assert server.recv(100) == name.encode()
                await manager.detach(name)
                if name == "one":
                    # Takes the address, so that the next container gets another one.
                    await manager.attach("rest", manager.create_sandbox("rest"), "bridge", EndpointRequest())
                manager.remove_sandbox(name)
        await manager.detach("rest")
        manager.remove_sandbox("rest")
        await manager.close()

    in_world(body)
