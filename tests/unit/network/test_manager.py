"""The manager over the memory driver: rules of names and addresses, wholeness, restart."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from berth.base.errors import Conflict, Forbidden, Internal, InvalidArgument, NotFound
from berth.network.manager import SCHEMA, NetworkManager
from berth.network.memory import MemoryDriver
from berth.network.records import CreateNetwork, EndpointRequest, NetworkConfig, Pool, PortRequest
from berth.state.database import Database

WEB = (PortRequest(container_port=80, host_port=8080),)


@asynccontextmanager
async def opened(tmp_path, driver=None, **settings):
    db = Database.open(tmp_path / "state.db", [SCHEMA])
    config = NetworkConfig(instance="t", **settings)
    manager = await NetworkManager.open(db, tmp_path / "run", config, driver=driver or MemoryDriver())
    try:
        yield manager
    finally:
        await manager.close()
        db.close()


async def plug(manager, name, network="bridge", ports=(), **wishes):
    sandbox = manager.sandbox_path(name)
    if not sandbox.exists():
        manager.create_sandbox(name)
    return await manager.attach(name, sandbox, network, EndpointRequest(name=name, **wishes), ports)


def test_predefined_networks_have_dockers_shapes(tmp_path):
    async def body():
        async with opened(tmp_path, default_bridge_name="berth0") as manager:
            found = {network.name: network for network in manager.list()}
            assert {name: network.driver for name, network in found.items()} == {
                "bridge": "bridge",
                "host": "host",
                "none": "null",
            }
            assert found["bridge"].options == {
                "com.docker.network.bridge.default_bridge": "true",
                "com.docker.network.bridge.enable_icc": "true",
                "com.docker.network.bridge.enable_ip_masquerade": "true",
                "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
                "com.docker.network.bridge.name": "berth0",
                "com.docker.network.driver.mtu": "1500",
            }
            assert manager.host_gateway() == "172.17.0.1"

    asyncio.run(body())


def test_predefined_networks_cannot_be_made_or_removed(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            for name in ("bridge", "host", "none"):
                with pytest.raises(Forbidden, match=f"{name} is a pre-defined network and cannot be removed"):
                    await manager.remove(name)
                with pytest.raises(
                    Forbidden, match=f"operation is not permitted on predefined {name} network"
                ):
                    await manager.create(CreateNetwork(name=name))

    asyncio.run(body())


def test_ids_survive_a_restart(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            red = await manager.create(CreateNetwork(name="red", labels={"a": "b"}))
            before = manager.list()
        async with opened(tmp_path) as manager:
            assert manager.list() == before
            assert manager.resolve(red.id[:12]) == red

    asyncio.run(body())


def test_bip_and_its_companions(tmp_path):
    async def body():
        settings = {"bip": "10.8.0.1/24", "fixed_cidr": "10.8.0.128/25", "mtu": 1400, "icc": False}
        async with opened(tmp_path, **settings) as manager:
            network = manager.resolve("bridge")
            assert network.pools == (
                Pool(subnet="10.8.0.0/24", gateway="10.8.0.1", ip_range="10.8.0.128/25"),
            )
            assert (network.mtu, network.icc) == (1400, False)
            assert (await plug(manager, "one")).ipv4 == "10.8.0.128"
        with pytest.raises(InvalidArgument, match=r"invalid CIDR address: 10\.8\.0\.1"):
            async with opened(tmp_path / "other", bip="10.8.0.1"):
                pass

    asyncio.run(body())


def test_no_default_bridge(tmp_path):
    async def body():
        async with opened(tmp_path, bridge="none") as manager:
            assert [network.name for network in manager.list()] == ["host", "none"]
            assert manager.host_gateway() == ""

    asyncio.run(body())


@pytest.mark.parametrize(
    ("wish", "kind", "text"),
    [
        (CreateNetwork(name="red"), Conflict, "network with name red already exists"),
        (CreateNetwork(name=" "), InvalidArgument, "invalid network name: it is empty"),
        (CreateNetwork(name="x", driver="nope"), NotFound, 'plugin "nope" not found'),
        (CreateNetwork(name="x", driver="host"), Forbidden, 'only one instance of "host" network is allowed'),
        (CreateNetwork(name="x", driver="null"), Forbidden, 'only one instance of "null" network is allowed'),
        (
            CreateNetwork(name="x", pools=(Pool(subnet="172.17.0.0/24"),)),
            Forbidden,
            "Pool overlaps with other one on this address space",
        ),
        (
            CreateNetwork(name="x", pools=(Pool(subnet="172.17.0.1/33"),)),
            InvalidArgument,
            "Invalid subnet 172.17.0.1/33 : invalid CIDR address: 172.17.0.1/33",
        ),
        (
            CreateNetwork(name="x", pools=(Pool(subnet="", gateway="1.2.3.4"),)),
            InvalidArgument,
            "no matching subnet for gateway 1.2.3.4",
        ),
        (
            CreateNetwork(name="x", enable_ipv6=True),
            NotFound,
            "could not find an available, non-overlapping IPv6 address pool among the defaults to assign to "
            "the network",
        ),
        (
            CreateNetwork(name="x", options={"com.docker.network.bridge.name": "averyveryverylongname"}),
            InvalidArgument,
            "invalid bridge name 'averyveryverylongname': at most 15 bytes, without spaces, quotes, / and :",
        ),
        (
            CreateNetwork(name="x", options={"com.docker.network.driver.mtu": "big"}),
            InvalidArgument,
            "invalid MTU value: big",
        ),
    ],
)
def test_refused_networks(tmp_path, wish, kind, text):
    async def body():
        async with opened(tmp_path) as manager:
            await manager.create(CreateNetwork(name="red"))
            with pytest.raises(kind) as caught:
                await manager.create(wish)
            assert str(caught.value) == text
            assert len(manager.list()) == 4

    asyncio.run(body())


def test_two_networks_cannot_have_one_bridge(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            options = {"com.docker.network.bridge.name": "mybr0"}
            first = await manager.create(CreateNetwork(name="one", options=options))
            with pytest.raises(Forbidden) as caught:
                await manager.create(CreateNetwork(name="two", options=options))
            assert str(caught.value).endswith(
                f"(mybr0): conflicts with network {first.id} (mybr0): networks have same bridge name"
            )

    asyncio.run(body())


def test_failed_creation_leaves_nothing(tmp_path):
    class FullKernel(MemoryDriver):
        def apply(self, networks):
            if len(networks) > 1:
                raise Internal("no room")
            super().apply(networks)

    async def body():
        async with opened(tmp_path, FullKernel()) as manager:
            with pytest.raises(Internal, match="no room"):
                await manager.create(CreateNetwork(name="red"))
            assert len(manager.list()) == 3
        async with opened(tmp_path) as manager:
            assert len(manager.list()) == 3

    asyncio.run(body())


def test_resolve(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            red = await manager.create(CreateNetwork(name="red"))
            assert manager.resolve("red") is manager.resolve(red.id) is manager.resolve(red.id[:8])
            named_like_an_id = await manager.create(CreateNetwork(name=red.id[:4]))
            assert manager.resolve(red.id[:4]) == named_like_an_id
            for reference in ("nope", "", "zz"):
                with pytest.raises(NotFound) as caught:
                    manager.resolve(reference)
                assert str(caught.value) == f"network {reference} not found"

    asyncio.run(body())


def test_network_in_use_is_not_removed(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            red = await manager.create(CreateNetwork(name="red"))
            await plug(manager, "one", "red")
            with pytest.raises(Forbidden) as caught:
                await manager.remove("red")
            assert str(caught.value) == (
                f"error while removing network: network red id {red.id} has active endpoints"
            )
            await manager.detach("one")
            await manager.remove("red")
            assert len(manager.list()) == 3

    asyncio.run(body())


@pytest.mark.parametrize(
    ("network", "wishes", "text"),
    [
        (
            "bridge",
            {"ipv4": "172.17.0.9"},
            "user specified IP address is supported on user defined networks only",
        ),
        (
            "auto",
            {"ipv4": "172.18.0.9"},
            "user specified IP address is supported only when connecting to networks with user "
            "configured subnets",
        ),
        (
            "own",
            {"ipv4": "1.2.3.4"},
            "Invalid address 1.2.3.4: It does not belong to any of this network's subnets",
        ),
        ("own", {"ipv4": "x"}, "invalid IP address: x"),
        ("own", {"ipv4": "10.9.0.1"}, "Address already in use"),
    ],
)
def test_refused_addresses(tmp_path, network, wishes, text):
    async def body():
        async with opened(tmp_path) as manager:
            await manager.create(CreateNetwork(name="auto"))
            await manager.create(CreateNetwork(name="own", pools=(Pool(subnet="10.9.0.0/24"),)))
            with pytest.raises((InvalidArgument, Forbidden)) as caught:
                await plug(manager, "one", network, **wishes)
            assert str(caught.value) == text
            assert manager.endpoints_of("one") == ()

    asyncio.run(body())


def test_full_network(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            tiny = await manager.create(CreateNetwork(name="tiny", pools=(Pool(subnet="10.200.0.0/30"),)))
            await plug(manager, "one", "tiny")
            with pytest.raises(Internal) as caught:
                await plug(manager, "two", "tiny")
            assert str(caught.value) == (
                f"no available IPv4 addresses on this network's address pools: tiny ({tiny.id})"
            )
            await manager.detach("one")
            assert (await plug(manager, "two", "tiny")).ipv4 == "10.200.0.2"

    asyncio.run(body())


def test_host_and_none_only_note_the_container(tmp_path):
    async def body():
        driver = MemoryDriver()
        async with opened(tmp_path, driver) as manager:
            endpoint = await manager.attach("one", None, "host", EndpointRequest(name="one"), WEB)
            assert (endpoint.ipv4, endpoint.interface, endpoint.ports) == ("", "", ())
            await plug(manager, "two", "none")
            assert driver.plugged == {}
            assert [e.container_id for e in manager.endpoints_in(manager.resolve("host").id)] == ["one"]
            await manager.detach("one")
            await manager.detach("one")
            assert manager.endpoints_of("one") == ()

    asyncio.run(body())


def test_default_route_goes_by_priority_then_name(tmp_path):
    async def body():
        driver = MemoryDriver()
        async with opened(tmp_path, driver) as manager:
            for name, internal in (("blue", False), ("alpha", True), ("red", False)):
                await manager.create(CreateNetwork(name=name, internal=internal))
            await plug(manager, "one", "red")
            sandbox = manager.sandbox_path("one")
            await plug(manager, "one", "alpha")
            assert driver.gateways[sandbox][0] == "eth0"
            blue = await plug(manager, "one", "blue")
            assert driver.gateways[sandbox] == (blue.interface, blue.gateway, "")
            important = await plug(manager, "one", "bridge", priority=5)
            assert driver.gateways[sandbox][0] == important.interface == "eth3"
            await manager.detach("one", manager.resolve("bridge").id)
            assert driver.gateways[sandbox][0] == blue.interface
            with pytest.raises(Forbidden, match="endpoint with name one already exists in network blue"):
                await plug(manager, "one", "blue")

    asyncio.run(body())


def test_ports_of_an_internal_network_are_not_published(tmp_path):
    async def body():
        driver = MemoryDriver()
        async with opened(tmp_path, driver) as manager:
            await manager.create(CreateNetwork(name="cell", internal=True))
            endpoint = await plug(manager, "one", "cell", WEB)
            assert (endpoint.ports, endpoint.gateway) == ((), "")
            assert driver.forwards == set()

    asyncio.run(body())


def test_published_ports_on_all_addresses_and_on_one(tmp_path):
    async def body():
        driver = MemoryDriver()
        async with opened(tmp_path, driver) as manager:
            both = await plug(manager, "one", ports=WEB)
            assert [(p.host_ip, p.host_port) for p in both.ports] == [("0.0.0.0", 8080), ("::", 8080)]
            assert driver.held == {("tcp", "0.0.0.0", 8080), ("tcp", "::", 8080)}
            six = PortRequest(container_port=80, host_port=8081, host_ip="::1")
            four = PortRequest(container_port=80, host_port=8081, host_ip="127.0.0.1")
            two = await plug(manager, "two", ports=(four, six))
            assert [p.host_ip for p in two.ports] == ["127.0.0.1", "::1"]
            # The kernel cannot turn IPv6 into IPv4, so only IPv4 is redirected.
            assert {(f.address, f.port) for f in driver.forwards} == {(b"", 8080), (b"\x7f\0\0\1", 8081)}
            await manager.detach("one")
            await manager.detach("two")
            assert driver.held == driver.forwards == set()

    asyncio.run(body())


def test_without_ipv6_and_with_a_default_address(tmp_path):
    async def body():
        async with opened(tmp_path, MemoryDriver(ipv6=False)) as manager:
            assert [p.host_ip for p in (await plug(manager, "one", ports=WEB)).ports] == ["0.0.0.0"]
        async with opened(tmp_path / "b", MemoryDriver(), host_ip="10.0.0.5") as manager:
            assert [p.host_ip for p in (await plug(manager, "one", ports=WEB)).ports] == ["10.0.0.5"]

    asyncio.run(body())


def test_unnamed_ports_skip_what_others_have(tmp_path):
    async def body():
        driver = MemoryDriver(foreign_ports={("tcp", 32769)})
        async with opened(tmp_path, driver) as manager:
            wanted = tuple(PortRequest(container_port=port) for port in (80, 81, 82))
            endpoint = await plug(
                manager, "one", ports=(*wanted, PortRequest(container_port=53, protocol="udp"))
            )
            found = [(p.protocol, p.host_port) for p in endpoint.ports if p.host_ip == "0.0.0.0"]
            assert found == [("tcp", 32768), ("tcp", 32770), ("tcp", 32771), ("udp", 32768)]

    asyncio.run(body())


def test_a_range_gives_its_first_free_port(tmp_path):
    async def body():
        driver = MemoryDriver(foreign_ports={("tcp", 8001)})
        async with opened(tmp_path, driver) as manager:
            wish = (PortRequest(container_port=80, host_port=8000, host_port_end=8002),)
            assert (await plug(manager, "one", ports=wish)).ports[0].host_port == 8000
            assert (await plug(manager, "two", ports=wish)).ports[0].host_port == 8002
            with pytest.raises(Internal, match=r"Bind for .*:8002 failed: port is already allocated"):
                await plug(manager, "three", ports=wish)

    asyncio.run(body())


def test_clash_names_the_holder_in_the_hint_and_gives_everything_back(tmp_path):
    async def body():
        driver = MemoryDriver(foreign_ports={("tcp", 7777)})
        async with opened(tmp_path, driver) as manager:
            await plug(manager, "one", ports=WEB)
            fine = PortRequest(container_port=90, host_port=9090)
            with pytest.raises(Internal) as caught:
                await plug(manager, "two", ports=(fine, *WEB))
            assert caught.value.hint == "it is published by container one"
            foreign = PortRequest(container_port=80, host_port=7777)
            with pytest.raises(Internal, match=r"listen tcp4 0\.0\.0\.0:7777: bind: address already in use"):
                await plug(manager, "two", ports=(fine, foreign))
            assert {port for _, _, port in driver.held} == {8080}
            assert manager.endpoints_of("two") == ()
            assert (await plug(manager, "two", ports=(fine,))).ipv4 == "172.17.0.3"

    asyncio.run(body())


def test_restore_keeps_the_living_and_forgets_the_dead(tmp_path):
    async def body():
        driver = MemoryDriver()
        db = Database.open(tmp_path / "state.db", [SCHEMA])
        config = NetworkConfig(instance="t")
        first = await NetworkManager.open(db, tmp_path / "run", config, driver=driver)
        lives = await plug(first, "lives", ports=WEB)
        await plug(first, "dies", ports=(PortRequest(container_port=80, host_port=9090),))
        first.create_sandbox("never-recorded")
        driver.held.clear()  # as the kernel does when a process dies
        second = await NetworkManager.open(db, tmp_path / "run", config, driver=driver)
        await second.restore({"lives"})
        assert second.endpoints_of("lives") == (lives,)
        assert second.endpoints_of("dies") == ()
        assert {f.port for f in driver.forwards} == {8080}
        assert driver.held == {("tcp", "0.0.0.0", 8080), ("tcp", "::", 8080)}
        assert list(driver.sandboxes(tmp_path / "run" / "netns")) == ["lives"]
        assert list(driver.plugged) == [lives.host_interface]
        assert (await plug(second, "new")).ipv4 == "172.17.0.3"
        with pytest.raises(Internal, match="port is already allocated"):
            await plug(second, "clash", ports=WEB)
        await second.detach("lives")
        assert driver.held == driver.forwards == set()
        db.close()

    asyncio.run(body())


def test_port_that_somebody_took_meanwhile_does_not_stop_a_restore(tmp_path):
    async def body():
        driver = MemoryDriver()
        db = Database.open(tmp_path / "state.db", [SCHEMA])
        config = NetworkConfig(instance="t")
        first = await NetworkManager.open(db, tmp_path / "run", config, driver=driver)
        await plug(first, "web", ports=WEB)
        driver.held.clear()
        driver.foreign_ports.add(("tcp", 8080))
        second = await NetworkManager.open(db, tmp_path / "run", config, driver=driver)
        await second.restore({"web"})
        assert {f.port for f in driver.forwards} == {8080}
        await second.detach("web")
        assert driver.forwards == set()
        db.close()

    asyncio.run(body())


def test_bridge_that_somebody_deleted_is_made_again(tmp_path):
    async def body():
        driver = MemoryDriver()
        async with opened(tmp_path, driver) as manager:
            driver.bridges.clear()
            assert (await plug(manager, "one")).ipv4 == "172.17.0.2"
            assert "berth0" in driver.bridges

    asyncio.run(body())


def test_failing_kernel_leaves_no_endpoint(tmp_path):
    class Stubborn(MemoryDriver):
        def plug(self, plug):
            raise OSError(28, "No space left on device", plug.host_interface)

    async def body():
        driver = Stubborn()
        async with opened(tmp_path, driver) as manager:
            with pytest.raises(Internal, match="failed to add interface veth"):
                await plug(manager, "one", ports=WEB)
            assert manager.endpoints_of("one") == ()
            assert driver.held == driver.forwards == set()

    asyncio.run(body())


def test_sandbox_of_an_earlier_life_is_replaced(tmp_path):
    async def body():
        async with opened(tmp_path) as manager:
            path = manager.create_sandbox("one")
            assert manager.create_sandbox("one") == path
            manager.remove_sandbox("one")
            manager.remove_sandbox("one")
            assert not path.exists()

    asyncio.run(body())
