"""What every network driver promises (``berth.network.driver``), as tests that take a driver.

``check_*`` functions are run on the kernel's driver and on its memory twin by ``test_network_driver.py``.
They are called inside a running event loop, with a fresh driver and an empty directory.
"""

import errno
import socket
from pathlib import Path

import pytest

from berth.base.errors import NotFound
from berth.network.driver import Driver, Plug, Target
from berth.network.records import Network, Pool
from berth.network.ruleset import Forward

RED = Network(
    id="1" * 64, name="red", bridge="brred", pools=(Pool(subnet="10.71.0.0/16", gateway="10.71.0.1"),)
)
BLUE = Network(
    id="2" * 64, name="blue", bridge="brblue", pools=(Pool(subnet="10.72.0.0/16", gateway="10.72.0.1"),)
)
FORWARD = Forward("tcp", b"", 8080, bytes([10, 71, 0, 2]), 80)


def _plug(
    sandbox: Path, host_interface: str = "veth1", interface: str = "eth0", bridge: str = "brred"
) -> Plug:
    return Plug(
        sandbox=sandbox,
        bridge=bridge,
        host_interface=host_interface,
        interface=interface,
        mac="02:42:0a:47:00:02",
        mtu=1500,
        ipv4="10.71.0.2",
        prefix=16,
        gateway="10.71.0.1",
    )


def check_sandbox_is_made_once_and_removed_once(driver: Driver, directory: Path) -> None:
    path = directory / "one"
    driver.create_sandbox(path)
    assert list(driver.sandboxes(directory)) == ["one"]
    with pytest.raises(FileExistsError):
        driver.create_sandbox(path)
    assert driver.remove_sandbox(path) is True
    assert driver.remove_sandbox(path) is False
    assert list(driver.sandboxes(directory)) == []
    assert list(driver.sandboxes(directory / "absent")) == []


def check_apply_makes_bridges_and_may_be_repeated(driver: Driver, directory: Path) -> None:
    with pytest.raises(NotFound):
        driver.bridge_addresses("brred")
    driver.apply([RED])
    driver.apply([RED, BLUE])
    assert list(driver.bridge_addresses("brblue")) == [("10.72.0.1", 16)]
    driver.delete_bridge(BLUE)
    driver.apply([RED])
    with pytest.raises(NotFound):
        driver.bridge_addresses("brblue")
    driver.delete_bridge(BLUE)


def check_bridge_of_somebody_else_must_exist(driver: Driver, directory: Path) -> None:
    foreign = Network(id="3" * 64, name="foreign", bridge="brnone", own_bridge=False)
    with pytest.raises(NotFound, match="bridge device with non default name brnone must be created manually"):
        driver.apply([foreign])


def check_subnets_of_own_bridges_do_not_count(driver: Driver, directory: Path) -> None:
    driver.apply([RED, BLUE])
    assert [str(s) for s in driver.subnets_in_use(["brred"]) if s.version == 4] == ["10.72.0.0/16"]
    assert [str(s) for s in driver.subnets_in_use(["brred", "brblue"]) if s.version == 4] == []


def check_plug_needs_its_bridge_and_its_sandbox(driver: Driver, directory: Path) -> None:
    driver.apply([RED])
    with pytest.raises(FileNotFoundError):
        driver.plug(_plug(directory / "absent"))
    sandbox = directory / "one"
    driver.create_sandbox(sandbox)
    with pytest.raises(OSError) as caught:
        driver.plug(_plug(sandbox, bridge="brnone"))
    assert caught.value.errno == errno.ENODEV
    driver.plug(_plug(sandbox))
    with pytest.raises(FileExistsError):
        driver.plug(_plug(sandbox, interface="eth1"))
    driver.watch_neighbours()
    driver.remove_sandbox(sandbox)


def check_unplug_and_shut_are_harmless_when_repeated(driver: Driver, directory: Path) -> None:
    driver.apply([RED])
    sandbox = directory / "one"
    driver.create_sandbox(sandbox)
    driver.plug(_plug(sandbox))
    driver.shut("veth1")
    driver.unplug("veth1")
    driver.unplug("veth1")
    driver.shut("veth1")
    driver.plug(_plug(sandbox))
    driver.remove_sandbox(sandbox)


def check_gateway_needs_its_interface(driver: Driver, directory: Path) -> None:
    driver.apply([RED])
    sandbox = directory / "one"
    driver.create_sandbox(sandbox)
    with pytest.raises(OSError) as caught:
        driver.set_gateway(sandbox, "eth0", "10.71.0.1", "")
    assert caught.value.errno == errno.ENODEV
    driver.plug(_plug(sandbox))
    driver.set_gateway(sandbox, "eth0", "10.71.0.254", "")
    driver.remove_sandbox(sandbox)


def check_sweep_removes_what_nobody_uses(driver: Driver, directory: Path) -> None:
    driver.apply([RED])
    for name in ("one", "two"):
        driver.create_sandbox(directory / name)
        driver.plug(_plug(directory / name, host_interface=f"veth{name}"))
    driver.sweep([RED], {"vethone": "brred"})
    driver.plug(_plug(directory / "two", host_interface="vethtwo"))
    with pytest.raises(FileExistsError):
        driver.plug(_plug(directory / "one", host_interface="vethone", interface="eth1"))
    for name in ("one", "two"):
        driver.remove_sandbox(directory / name)


def check_forwards_may_be_repeated_and_missing(driver: Driver, directory: Path) -> None:
    driver.apply([RED])
    driver.add_forwards([])
    driver.add_forwards([FORWARD])
    driver.add_forwards([FORWARD])
    driver.reset_forwards([FORWARD._replace(port=9090)])
    driver.remove_forwards([FORWARD])
    driver.remove_forwards([FORWARD._replace(port=9090)])
    driver.remove_forwards([FORWARD])


def check_a_held_port_is_nobody_elses(driver: Driver, directory: Path) -> None:
    target = Target("10.71.0.2", 80)
    for protocol in ("tcp", "udp"):
        held = driver.hold(protocol, "0.0.0.0", 18080, target)
        for address in ("0.0.0.0", "127.0.0.1"):
            with pytest.raises(OSError) as caught:
                driver.hold(protocol, address, 18080, target)
            assert caught.value.errno == errno.EADDRINUSE
        if driver.has_ipv6():
            driver.hold(protocol, "::", 18080, target).close()
        held.close()
        held.close()
        one = driver.hold(protocol, "127.0.0.1", 18080, target)
        two = driver.hold(protocol, "127.0.0.2", 18080, target)
        with pytest.raises(OSError):
            driver.hold(protocol, "0.0.0.0", 18080, target)
        one.close()
        two.close()


def check_a_door_opens_at_its_port_if_it_can(driver: Driver, directory: Path) -> None:
    with pytest.raises(FileNotFoundError):
        driver.open_door(directory / "absent", 0)
    path = directory / "one"
    driver.create_sandbox(path)
    first = driver.open_door(path, 0)
    assert {first.udp.getsockname()[1], first.tcp.getsockname()[1]} == {first.port}
    second = driver.open_door(path, first.port)
    assert second.port != first.port
    for door in (first, second, second):
        door.close()
    third = driver.open_door(path, second.port)
    assert third.port == second.port
    third.close()
    with driver.open_inside(path, socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert sock.gettimeout() == 0
    driver.remove_sandbox(path)


def check_ports_are_a_sensible_range(driver: Driver, directory: Path) -> None:
    first, last = driver.port_range()
    assert 1024 <= first < last <= 65535


def check_close_removes_only_when_told(driver: Driver, directory: Path) -> None:
    driver.apply([RED])
    driver.close([RED], remove=True)


CHECKS = [value for name, value in sorted(globals().items()) if name.startswith("check_")]
