"""The name server of a container in a real namespace: both protocols, port 53, restart, no way out."""

import asyncio
import os
import socket

import dns.message
import dns.query
import pytest

from berth.kernel.namespace import call_in_netns
from berth.network.dns.host import HostServers
from berth.network.files import EMBEDDED_SERVER
from berth.network.records import CreateNetwork, EndpointRequest, Pool, Resolver
from tests.support.names import OUTSIDE_ADDRESS, Answer, answer_of, bound, serving

from .conftest import OUTSIDE, sh

pytestmark = pytest.mark.root
FOREIGN = """
table ip theirs {
  chain out { type filter hook output priority filter; policy accept;
    ct state established,related accept
    ip daddr 127.0.0.11 udp dport != 1024-65535 accept
    ip daddr 127.0.0.11 tcp dport != 1024-65535 accept
    oifname "lo" ct direction reply accept
    oifname "lo" drop
  }
}
"""
"""What tracks connections and lets only port 53 and answers to it pass."""


async def ask(manager, name, question, kind="A", *, tcp=False, source=""):
    sandbox = manager.sandbox_path(name)
    query = dns.message.make_query(question, kind)
    send = dns.query.tcp if tcp else dns.query.udp

    def inside():
        return send(query, EMBEDDED_SERVER, timeout=20, source=source or None)

    return answer_of(await asyncio.to_thread(call_in_netns, sandbox, inside))


async def begin(manager, *names, network="net", **wishes):
    endpoints = []
    for name in names:
        sandbox = manager.create_sandbox(name)
        request = EndpointRequest(name=name, **wishes)
        endpoints.append(await manager.attach(name, sandbox, network, request))
    return endpoints


async def end(manager, *names):
    for name in names:
        await manager.detach(name)
        manager.remove_sandbox(name)


def test_both_protocols_from_any_address(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="net"))
        one, two = await begin(manager, "one", "two")
        for tcp in (False, True):
            assert await ask(manager, "one", "two", tcp=tcp) == Answer("NOERROR", (two.ipv4,))
            assert await ask(manager, "one", "two", tcp=tcp, source=one.ipv4) == Answer(
                "NOERROR", (two.ipv4,)
            )
        await end(manager, "one", "two")
        await manager.close()

    in_world(body)


def test_ipv6(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="net", enable_ipv6=True, pools=(Pool(subnet="fd01::/64"),)))
        await begin(manager, "one", "two")
        assert await ask(manager, "one", "two", "AAAA") == Answer("NOERROR", ("fd01::3",))
        reverse = "3." + "0." * 27 + "1.0.d.f.ip6.arpa"
        assert await ask(manager, "one", reverse, "PTR") == Answer("NOERROR", ("two.net.",))
        await end(manager, "one", "two")
        await manager.close()

    in_world(body)


def test_a_server_of_the_containers_own_is_left_alone(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="net"))
        await begin(manager, "one", "two")
        sandbox = manager.sandbox_path("one")
        with serving(*call_in_netns(sandbox, lambda: bound("0.0.0.0"))) as own:
            query = dns.message.make_query("two", "A")

            def inside():
                return dns.query.udp(query, "127.0.0.1", timeout=20)

            assert answer_of(call_in_netns(sandbox, inside)).values == (OUTSIDE_ADDRESS,)
            assert (await ask(manager, "one", "two")).values != (OUTSIDE_ADDRESS,)
            assert own.asked == [("udp", "two")]
        await end(manager, "one", "two")
        await manager.close()

    in_world(body)


def test_a_packet_filter_inside_sees_port_53_both_ways(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="net"))
        await begin(manager, "one", "two")
        rules = world.root / "rules"
        rules.write_text(FOREIGN)
        call_in_netns(manager.sandbox_path("one"), lambda: sh(f"nft -f {rules}"))
        for tcp in (False, True):
            assert (await ask(manager, "one", "two", tcp=tcp)).code == "NOERROR"
        await end(manager, "one", "two")
        await manager.close()

    in_world(body)


def test_next_daemon_answers_at_the_same_port(in_world):
    async def body(world):
        first = await world.manager()
        await first.create(CreateNetwork(name="net"))
        _, two = await begin(first, "one", "two")
        sandbox = first.sandbox_path("one")
        rules = call_in_netns(sandbox, lambda: sh("nft list ruleset"))
        await world.abandon(first)
        first._names.close()
        second = await world.manager()
        await second.restore(["one", "two"])
        assert await ask(second, "one", "two") == Answer("NOERROR", (two.ipv4,))
        assert call_in_netns(sandbox, lambda: sh("nft list ruleset")) == rules
        await end(second, "one", "two")
        await second.close()

    in_world(body)


def test_next_daemon_finds_its_port_taken_or_its_rules_flushed(in_world):
    async def body(world):
        first = await world.manager()
        await first.create(CreateNetwork(name="net"))
        one, two = await begin(first, "one", "two")
        sandboxes = [first.sandbox_path(name) for name in ("one", "two")]
        port = first._names._servers["one"].port
        await world.abandon(first)
        first._names.close()
        with call_in_netns(sandboxes[0], lambda: socket.create_server(("", port))):
            call_in_netns(sandboxes[1], lambda: sh("nft flush ruleset"))
            second = await world.manager()
            await second.restore(["one", "two"])
            assert await ask(second, "one", "two") == Answer("NOERROR", (two.ipv4,))
            assert await ask(second, "two", "one", tcp=True) == Answer("NOERROR", (one.ipv4,))
        await end(second, "one", "two")
        await second.close()

    in_world(body)


def test_nothing_holds_the_namespace_of_a_container_that_ended(in_world):
    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="net"))
        await begin(manager, "one")
        assert (await ask(manager, "one", "one")).code == "NOERROR"
        before = set(os.listdir("/proc/self/fd"))
        await begin(manager, "two")
        assert os.listdir(world.root / "run-test" / "names") != ["one"]
        await end(manager, "two")
        assert set(os.listdir("/proc/self/fd")) == before
        assert os.listdir(world.root / "run-test" / "names") == ["one"]
        await end(manager, "one")
        await manager.remove("net")
        await manager.close()

    in_world(body)


def test_the_hosts_servers_are_asked_from_the_host(in_world):
    """Those on the host's loopback too: that is where systemd-resolved listens."""

    async def body(world):
        manager = await world.manager()
        file = world.root / "resolv.conf"
        file.write_text("nameserver 127.0.0.53\n")
        manager._names._host = HostServers(file)
        await manager.create(CreateNetwork(name="net"))
        await manager.create(CreateNetwork(name="cell", internal=True))
        await begin(manager, "one")
        await begin(manager, "shut", network="cell")
        with serving(*bound("127.0.0.53")) as upstream:
            for tcp in (False, True):
                assert (await ask(manager, "one", "example.com", tcp=tcp)).values == (OUTSIDE_ADDRESS,)
            assert (await ask(manager, "shut", "example.com")).code == "SERVFAIL"
            assert (await ask(manager, "shut", "shut")).code == "NOERROR"
            assert [name for _, name in upstream.asked] == ["example.com"] * 2
        # The laptop moves.
        file.write_text(f"nameserver {OUTSIDE}\nnameserver 127.0.0.53\n")
        with serving(*call_in_netns(world.outside, lambda: bound(OUTSIDE))) as other:
            assert (await ask(manager, "one", "example.org")).values == (OUTSIDE_ADDRESS,)
            assert other.asked == [("udp", "example.org")]
        await end(manager, "one", "shut")
        await manager.close()

    in_world(body)


def test_the_containers_servers_are_asked_from_the_container(in_world):
    """Its own loopback, that is; our own address among them would be a question to ourselves."""

    async def body(world):
        manager = await world.manager()
        await manager.create(CreateNetwork(name="net"))
        await begin(manager, "one", resolver=Resolver(servers=(EMBEDDED_SERVER, "127.0.0.1")))
        with serving(*call_in_netns(manager.sandbox_path("one"), lambda: bound("127.0.0.1"))) as upstream:
            for tcp in (False, True):
                assert (await ask(manager, "one", "example.com", tcp=tcp)).values == (OUTSIDE_ADDRESS,)
            assert upstream.asked == [("udp", "example.com"), ("tcp", "example.com")]
        await end(manager, "one")
        await manager.close()

    in_world(body)
