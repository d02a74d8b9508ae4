"""The daemon dies: ports go on answering, and the next one takes over or cleans up."""

import asyncio
import os

import pytest

from berth.kernel.namespace import call_in_netns
from berth.network.records import EndpointRequest, PortRequest

from .conftest import HOST, OUTSIDE, reach, server_in, sh

pytestmark = pytest.mark.root
WEB = (PortRequest(container_port=80, host_port=8888),)


def test_port_answers_while_no_daemon_lives_and_is_held_again_after(in_world):
    async def body(world):
        first = await world.manager()
        sandbox = first.create_sandbox("web")
        before = await first.attach("web", sandbox, "bridge", EndpointRequest(name="web"), WEB)
        await world.abandon(first)
        with server_in(sandbox, 80) as server:
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
            assert (await asyncio.to_thread(reach, server, "127.0.0.1", 8888))[1] == b"pong"
            second = await world.manager()
            await second.restore(["web"])
            assert second.endpoints_of("web") == (before,)
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
            assert (await asyncio.to_thread(reach, server, "::1", 8888))[1] == b"pong"
        other = second.create_sandbox("other")
        with pytest.raises(Exception, match=r"Bind for 0\.0\.0\.0:8888 failed: port is already allocated"):
            await second.attach("other", other, "bridge", EndpointRequest(name="other"), WEB)
        assert (
            await second.attach("other", other, "bridge", EndpointRequest(name="other"))
        ).ipv4 == "172.17.0.3"
        for name in ("web", "other"):
            await second.detach(name)
            second.remove_sandbox(name)
        await second.close()
        assert "8888" not in sh("nft list ruleset")

    in_world(body)


def test_what_died_with_the_daemon_is_cleaned_up(in_world):
    async def body(world):
        first = await world.manager()
        sandbox = first.create_sandbox("dead")
        endpoint = await first.attach("dead", sandbox, "bridge", EndpointRequest(name="dead"), WEB)
        first.create_sandbox("half-made")
        await world.abandon(first)
        second = await world.manager()
        await second.restore([])
        assert second.endpoints_of("dead") == ()
        assert os.listdir(sandbox.parent) == []
        assert endpoint.host_interface not in sh("ip -br link")
        assert "8888" not in sh("nft list ruleset")
        fresh = second.create_sandbox("fresh")
        again = await second.attach("fresh", fresh, "bridge", EndpointRequest(name="fresh"), WEB)
        assert again.ipv4 == endpoint.ipv4
        await second.detach("fresh")
        second.remove_sandbox("fresh")
        await second.close()

    in_world(body)


def test_interfaces_that_somebody_moved_are_put_back_and_strays_removed(in_world):
    async def body(world):
        first = await world.manager()
        sandbox = first.create_sandbox("web")
        mine = (await first.attach("web", sandbox, "bridge", EndpointRequest(name="web"))).host_interface
        await world.abandon(first)
        sh(f"ip link set {mine} nomaster; ip link add stray type veth peer name yarts master bt0")
        second = await world.manager()
        await second.restore(["web"])
        ports = sh("ip -br link show master bt0")
        assert mine in ports
        assert "yarts" not in ports
        await second.detach("web")
        second.remove_sandbox("web")
        await second.close()

    in_world(body)


def test_rules_and_bridge_that_somebody_flushed_come_back(in_world):
    async def body(world):
        first = await world.manager()
        sandbox = first.create_sandbox("web")
        await first.attach("web", sandbox, "bridge", EndpointRequest(name="web"), WEB)
        await world.abandon(first)
        sh("nft flush ruleset; ip link del bt0")
        second = await world.manager()
        await second.restore(["web"])
        with server_in(sandbox, 80) as server:
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
        await second.detach("web")
        second.remove_sandbox("web")
        await second.close()

    in_world(body)


def test_bridge_deleted_under_a_running_daemon_is_made_again(in_world):
    async def body(world):
        manager = await world.manager()
        sh("ip link del bt0")
        sandbox = manager.create_sandbox("web")
        endpoint = await manager.attach("web", sandbox, "bridge", EndpointRequest(name="web"))
        with server_in(sandbox, 80) as server:
            assert (await asyncio.to_thread(reach, server, endpoint.ipv4, 80))[1] == b"pong"
        await manager.detach("web")
        manager.remove_sandbox("web")
        await manager.close()

    in_world(body)


def test_clean_close_leaves_living_containers_connected(in_world):
    async def body(world):
        first = await world.manager()
        sandbox = first.create_sandbox("web")
        await first.attach("web", sandbox, "bridge", EndpointRequest(name="web"), WEB)
        await first.close()
        with server_in(sandbox, 80) as server:
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
            outside = call_in_netns(sandbox, lambda: sh("ip route get 10.99.0.1"))
        assert "via 172.17.0.1" in outside
        second = await world.manager()
        await second.restore([])
        second.remove_sandbox("web")
        await second.close()
        assert "bt0" not in sh("ip -br link")

    in_world(body)


def test_two_daemons_share_a_host(in_world):
    async def body(world):
        one = await world.manager()
        two = await world.manager(instance="other", default_bridge_name="bt1")
        a, b = one.create_sandbox("a"), two.create_sandbox("b")
        first = await one.attach("a", a, "bridge", EndpointRequest(name="a"), WEB)
        with pytest.raises(Exception, match=r"listen tcp4 0\.0\.0\.0:8888: bind: address already in use"):
            await two.attach("b", b, "bridge", EndpointRequest(name="b"), WEB)
        port = (PortRequest(container_port=80, host_port=9999),)
        second = await two.attach("b", b, "bridge", EndpointRequest(name="b"), port)
        assert (first.ipv4, second.ipv4) == ("172.17.0.2", "172.18.0.2")
        with server_in(b, 80) as server:
            assert call_in_netns(a, lambda: reach(server, HOST, 9999)) == ("172.18.0.1", b"pong")
        await two.detach("b")
        two.remove_sandbox("b")
        await two.close()
        with server_in(a, 80) as server:
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
        await one.detach("a")
        one.remove_sandbox("a")
        await one.close()

    in_world(body)
