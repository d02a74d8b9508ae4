"""The books of host ports."""

import pytest

from berth.network.allocator import PortAllocator, PortTaken


def test_taken_port_is_refused_in_dockers_words():
    ports = PortAllocator()
    ports.take(["0.0.0.0"], "tcp", 80, "web")
    with pytest.raises(PortTaken, match=r"^Bind for 0\.0\.0\.0:80 failed: port is already allocated$"):
        ports.take(["0.0.0.0"], "tcp", 80, "other")
    ports.take(["::"], "udp", 80, "dns")
    with pytest.raises(PortTaken, match=r"^Bind for \[::\]:80 failed"):
        ports.take(["::"], "udp", 80, "other")
    assert ports.holder("0.0.0.0", "tcp", 80) == "web"


def test_all_addresses_or_none():
    ports = PortAllocator()
    ports.take(["::"], "tcp", 80, "six")
    with pytest.raises(PortTaken):
        ports.take(["0.0.0.0", "::"], "tcp", 80, "both")
    assert ports.holder("0.0.0.0", "tcp", 80) is None


def test_unnamed_ports_go_on_after_the_last_one_and_wrap():
    ports = PortAllocator(100, 103)
    assert ports.candidates("tcp", 0, 0) == [100, 101, 102, 103]
    ports.remember("tcp", 101)
    assert ports.candidates("tcp", 0, 0) == [102, 103, 100, 101]
    assert ports.candidates("udp", 0, 0) == [100, 101, 102, 103]
    ports.remember("tcp", 103)
    assert ports.candidates("tcp", 0, 0) == [100, 101, 102, 103]


def test_named_ports_and_ranges():
    ports = PortAllocator()
    assert ports.candidates("tcp", 8000, 0) == [8000]
    assert ports.candidates("tcp", 8000, 8000) == [8000]
    assert ports.candidates("tcp", 8000, 8002) == [8000, 8001, 8002]


def test_released_port_is_free():
    ports = PortAllocator()
    ports.take(["0.0.0.0"], "tcp", 80, "web")
    ports.release("0.0.0.0", "tcp", 80)
    ports.release("0.0.0.0", "tcp", 81)
    ports.take(["0.0.0.0"], "tcp", 80, "again")
    assert ports.holder("0.0.0.0", "tcp", 80) == "again"
