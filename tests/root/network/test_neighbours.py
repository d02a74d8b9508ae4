"""Docker, Podman and firewalls on the same host: their rules do not stop us, and ours do not touch theirs."""

import shutil

import pytest

from berth.kernel.namespace import call_in_netns
from berth.network.records import EndpointRequest, PortRequest

from .conftest import HOST, OUTSIDE, reach, server_in, sh

pytestmark = pytest.mark.root
WEB = (PortRequest(container_port=80, host_port=8888),)


@pytest.fixture(params=["iptables-nft", "iptables-legacy"])
def iptables(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"needs the program {request.param}")
    return request.param


def _usable(program: str) -> None:
    try:
        sh(f"{program} -S")
    except AssertionError as error:
        pytest.skip(f"{program} does not work here: {error}")


def _rules(program: str) -> str:
    """Everything but comments and packet counts; the table of ours that iptables-nft cannot show aside."""
    return sh(f"{program}-save | grep -v '^#' | sed 's/\\[.*//' | grep -v berth_test")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_drop_policy_of_somebody_else(in_world, iptables, moment):
    async def body(world):
        _usable(iptables)
        if moment == "before":
            sh(f"{iptables} -P FORWARD DROP")
        manager = await world.manager()
        if moment == "after":
            sh(f"{iptables} -P FORWARD DROP")
        theirs = _rules(iptables)
        sandbox = manager.create_sandbox("web")
        await manager.attach("web", sandbox, "bridge", EndpointRequest(name="web"), WEB)
        # The look at the neighbours comes after the answer; the next kernel work comes after that look.
        await manager.attach("next", manager.create_sandbox("next"), "bridge", EndpointRequest(name="next"))
        await manager.detach("next")
        manager.remove_sandbox("next")
        with server_in(sandbox, 80) as server:
            assert world.from_outside(lambda: reach(server, HOST, 8888)) == (OUTSIDE, b"pong")
        with server_in(world.outside, 7000) as server:
            assert call_in_netns(sandbox, lambda: reach(server, OUTSIDE, 7000)) == (HOST, b"pong")
        assert sh(f"{iptables} -S FORWARD").count("berth_test") == 2
        await manager.detach("web")
        manager.remove_sandbox("web")
        await manager.close()
        assert "berth" not in sh(f"{iptables}-save")
        assert _rules(iptables) == theirs

    in_world(body)


def test_no_chain_is_made_where_nobody_has_one(in_world):
    async def body(world):
        manager = await world.manager()
        sandbox = manager.create_sandbox("web")
        await manager.attach("web", sandbox, "bridge", EndpointRequest(name="web"), WEB)
        assert sh("nft list tables").split("\n") == ["table ip berth_test", ""]
        await manager.detach("web")
        manager.remove_sandbox("web")
        await manager.close()

    in_world(body)


def test_default_subnet_avoids_the_hosts_routes(in_world):
    async def body(world):
        sh(f"ip route add 172.16.0.0/14 via {OUTSIDE}")
        manager = await world.manager()
        assert manager.resolve("bridge").pools[0].subnet == "172.20.0.0/16"
        assert manager.host_gateway() == "172.20.0.1"
        await manager.close()

    in_world(body)


def test_default_subnet_moves_when_the_host_routes_it_elsewhere(in_world):
    async def body(world):
        first = await world.manager()
        assert first.resolve("bridge").pools[0].subnet == "172.17.0.0/16"
        network_id = first.resolve("bridge").id
        await first.close()
        sh(f"ip route add 172.17.5.0/24 via {OUTSIDE}")
        second = await world.manager()
        assert second.resolve("bridge").pools[0].subnet == "172.18.0.0/16"
        assert second.resolve("bridge").id == network_id
        await second.close()

    in_world(body)
