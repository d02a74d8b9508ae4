"""The name server over the memory driver: its door is a port of the test's own loopback."""

import asyncio
import os
import socket
from contextlib import asynccontextmanager

import dns.message
import dns.query
import pytest

from berth.network.dns import forward, server
from berth.network.dns.host import HostServers
from berth.network.manager import SCHEMA, NetworkManager
from berth.network.memory import MemoryDriver
from berth.network.records import CreateNetwork, EndpointRequest, NetworkConfig, Resolver
from berth.state.database import Database
from tests.support.names import OUTSIDE_ADDRESS, Answer, answer_of, bound, serving


@asynccontextmanager
async def opened(tmp_path):
    """A manager with the container ``me`` in the network ``net``, and the address of its name server."""
    db = Database.open(tmp_path / "state.db", [SCHEMA])
    driver = MemoryDriver()
    manager = await NetworkManager.open(db, tmp_path / "run", NetworkConfig(instance="t"), driver=driver)
    try:
        await manager.create(CreateNetwork(name="net"))
        me = await plug(manager, "me", aliases=("svc",), resolver=Resolver(servers=("127.0.0.1",)))
        yield manager, ("127.0.0.1", driver.doors[manager.sandbox_path("me")]), me
    finally:
        await manager.close()
        db.close()


async def plug(manager, name, network="net", **wishes):
    sandbox = manager.create_sandbox(name)
    return await manager.attach(name, sandbox, network, EndpointRequest(name=name, **wishes))


async def ask(door, name, kind="A", *, tcp=False):
    query = dns.message.make_query(name, kind)
    send = dns.query.tcp if tcp else dns.query.udp
    reply = await asyncio.to_thread(send, query, door[0], port=door[1], timeout=20)
    return answer_of(reply)


def test_names_follow_what_is_plugged_in(tmp_path):
    async def body():
        async with opened(tmp_path) as (manager, door, me):
            for tcp in (False, True):
                assert await ask(door, "svc", tcp=tcp) == Answer("NOERROR", (me.ipv4,))
            assert await ask(door, "svc", "AAAA") == Answer("NOERROR", ())
            other = await plug(manager, "other", aliases=("svc",))
            assert set((await ask(door, "svc")).values) == {me.ipv4, other.ipv4}
            await manager.rename("other", "another")
            assert (await ask(door, "another")).values == (other.ipv4,)
            await manager.detach("other")
            assert await ask(door, "svc") == Answer("NOERROR", (me.ipv4,))

    asyncio.run(body())


def test_only_user_defined_networks_have_names(tmp_path):
    async def body():
        async with opened(tmp_path) as (manager, _, _):
            await plug(manager, "plain", "bridge")
            assert not manager.has_name_server("plain")
            assert os.listdir(tmp_path / "run/names") == ["me"]
            manager.remove_sandbox("me")
            assert not manager.has_name_server("me")
            assert os.listdir(tmp_path / "run/names") == []

    asyncio.run(body())


def test_garbage_does_not_stop_it(tmp_path):
    async def body():
        async with opened(tmp_path) as (_, door, me):
            assert (await ask(door, "me")).code == "NOERROR"
            question = dns.message.make_query("me", "A").to_wire()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as evil:
                for data in (b"", b"x", b"\xff" * 1000, question[:-3], b"\0" * 60000, question * 3):
                    evil.sendto(data, door)
            with socket.create_connection(door) as one, socket.create_connection(door) as two:
                one.sendall(b"\xff\xff" + b"x" * 100)
                two.sendall(b"\0\0" + b"\0\5hello")
                assert await ask(door, "me") == Answer("NOERROR", (me.ipv4,))
                assert await ask(door, "me", tcp=True) == Answer("NOERROR", (me.ipv4,))

    asyncio.run(body())


def test_a_flood_leaves_the_loop_its_time(tmp_path):
    async def body():
        async with opened(tmp_path) as (_, door, _):
            assert (await ask(door, "me")).code == "NOERROR"
            rounds = 0
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as evil:
                # More than one share is in the socket before the loop runs again.
                for number in range(server._BATCH * 3):
                    evil.sendto(dns.message.make_query(f"x{number}.me", "A").to_wire(), door)
                evil.settimeout(0)
                answered = 0
                while answered < server._BATCH * 3:
                    await asyncio.sleep(0)
                    rounds += 1
                    try:
                        while evil.recv(4096):
                            answered += 1
                            assert answered <= server._BATCH * rounds
                    except BlockingIOError:
                        continue

    asyncio.run(body())


def test_questions_under_way_are_bounded(tmp_path):
    """What is too much is lost; when the others are answered there is room again."""

    async def body():
        async with opened(tmp_path) as (manager, door, me):
            held = manager._names._servers["me"]
            silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with silent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as evil:
                silent.bind(("127.0.0.1", 0))
                held._knowledge = _Elsewhere(held._knowledge, silent)
                for number in range(server._MOST_FORWARDS + 50):
                    evil.sendto(dns.message.make_query(f"x{number}.example", "A").to_wire(), door)
                    while len(held._forwards) < min(number + 1, server._MOST_FORWARDS):
                        await asyncio.sleep(0.001)
                assert await ask(door, "me") == Answer("NOERROR", (me.ipv4,))
                assert len(held._forwards) == server._MOST_FORWARDS
            manager.remove_sandbox("me")
            assert not held._forwards

    asyncio.run(body())


class _Elsewhere:
    """Knowledge whose other servers are one socket of the test."""

    def __init__(self, real, sock):
        self._real = real
        self._sock = sock

    def __getattr__(self, name):
        return getattr(self._real, name)

    def servers(self, query):
        return ("127.0.0.1",)

    def open_socket(self, address, kind):
        sock = _Redirected(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
        sock.target = self._sock.getsockname()
        return sock


class _Redirected(socket.socket):
    """Connects to the test's port instead of 53."""

    target = ("", 0)

    def connect(self, address):
        assert address == ("127.0.0.1", forward.PORT)
        super().connect(self.target)


def test_host_servers_follow_the_file(tmp_path):
    file = tmp_path / "resolv.conf"
    servers = HostServers(file)
    assert servers() == ("8.8.8.8", "8.8.4.4")
    file.write_text("nameserver 127.0.0.53\nnameserver nonsense\n")
    assert servers() == ("127.0.0.53",)
    file.write_text("".join(f"nameserver 10.0.0.{n}\n" for n in range(1, 6)))
    assert servers() == ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    file.unlink()
    assert servers() == ("8.8.8.8", "8.8.4.4")


@pytest.mark.parametrize("name", ["nx.example", "fail.example", "example"])
def test_whatever_others_say_is_passed_on(tmp_path, name):
    async def body():
        async with opened(tmp_path) as (manager, door, _):
            udp, tcp = bound("127.0.0.1", 0)
            with serving(udp, tcp):
                held = manager._names._servers["me"]
                held._knowledge = _Elsewhere(held._knowledge, udp)
                told = await ask(door, name)
            wanted = {"nx.example": ("NXDOMAIN", ()), "fail.example": ("SERVFAIL", ())}
            assert told[:2] == wanted.get(name, ("NOERROR", (OUTSIDE_ADDRESS,)))

    asyncio.run(body())


def test_restore_opens_the_door_at_its_port_and_forgets_the_dead(tmp_path):
    async def body():
        db = Database.open(tmp_path / "state.db", [SCHEMA])
        driver, config = MemoryDriver(), NetworkConfig(instance="t")
        first = await NetworkManager.open(db, tmp_path / "run", config, driver=driver)
        await first.create(CreateNetwork(name="net"))
        me = await plug(first, "me")
        await plug(first, "dead")
        port = driver.doors[first.sandbox_path("me")]
        (tmp_path / "run/names/torn").write_bytes(b"{")
        first.create_sandbox("torn")
        await first.close()
        second = await NetworkManager.open(db, tmp_path / "run", config, driver=driver)
        await second.restore(["me", "torn"])
        assert sorted(os.listdir(tmp_path / "run/names")) == ["me", "torn"]
        assert await ask(("127.0.0.1", port), "me") == Answer("NOERROR", (me.ipv4,))
        for name in ("me", "torn"):
            await second.detach(name)
            second.remove_sandbox(name)
        assert os.listdir(tmp_path / "run/names") == []
        await second.close()
        db.close()

    asyncio.run(body())
