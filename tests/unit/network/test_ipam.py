"""Subnets and addresses."""

from ipaddress import ip_network

import pytest

from berth.base.errors import Forbidden, InvalidArgument, NotFound
from berth.network.ipam import (
    AddressPool,
    PoolExhausted,
    check_free,
    choose_subnet,
    complete_pool,
    parse_subnet,
)
from berth.network.records import Pool


def test_first_network_is_dockers():
    assert str(choose_subnet([])) == "172.17.0.0/16"


def test_subnets_that_the_host_routes_are_left_out():
    taken = [ip_network("172.17.0.0/16"), ip_network("172.18.4.0/24"), ip_network("172.16.0.0/12")]
    assert str(choose_subnet(taken[:2])) == "172.19.0.0/16"
    assert str(choose_subnet(taken)) == "192.168.0.0/20"


def test_own_pools_are_used_in_order_and_by_size():
    pools = (("10.50.0.0/23", 24), ("10.60.0.0/16", 20))
    taken = [ip_network("10.50.0.0/24")]
    assert str(choose_subnet(taken, pools)) == "10.50.1.0/24"
    assert str(choose_subnet([ip_network("10.50.0.0/16")], pools)) == "10.60.0.0/20"


def test_no_subnet_left_is_said_in_dockers_words():
    with pytest.raises(NotFound, match="could not find an available, non-overlapping IPv4 address pool"):
        choose_subnet([ip_network("0.0.0.0/0")])
    with pytest.raises(NotFound, match="non-overlapping IPv6 address pool"):
        choose_subnet([], version=6)


@pytest.mark.parametrize("text", ["172.17.0.1/33", "10.0.0.1", "nonsense", "", "fe80::/129"])
def test_bad_subnet(text):
    with pytest.raises(InvalidArgument) as caught:
        parse_subnet(text)
    assert str(caught.value) == f"Invalid subnet {text} : invalid CIDR address: {text}"


def test_host_bits_are_allowed_in_a_subnet():
    assert str(parse_subnet("10.5.0.5/16")) == "10.5.0.0/16"


def test_lowest_free_address_first_and_again_after_release():
    pool = AddressPool(Pool(subnet="10.1.0.0/24", gateway="10.1.0.1"))
    assert [pool.take() for _ in range(3)] == ["10.1.0.2", "10.1.0.3", "10.1.0.4"]
    pool.release("10.1.0.3")
    assert [pool.take() for _ in range(2)] == ["10.1.0.3", "10.1.0.5"]


def test_range_and_auxiliary_addresses():
    given = Pool(
        subnet="10.7.0.0/24", ip_range="10.7.0.128/30", gateway="10.7.0.254", auxiliary={"r": "10.7.0.129"}
    )
    pool = AddressPool(given)
    assert [pool.take() for _ in range(3)] == ["10.7.0.128", "10.7.0.130", "10.7.0.131"]
    with pytest.raises(PoolExhausted):
        pool.take()
    assert pool.take("10.7.0.7") == "10.7.0.7"


def test_small_pools_run_out():
    pool = AddressPool(Pool(subnet="10.200.0.0/30", gateway="10.200.0.1"))
    assert pool.take() == "10.200.0.2"
    with pytest.raises(PoolExhausted):
        pool.take()


def test_taken_address_is_refused():
    pool = AddressPool(Pool(subnet="10.1.0.0/24", gateway="10.1.0.1"))
    for address in ("10.1.0.1", "10.1.0.0", "10.1.0.255"):
        with pytest.raises(Forbidden, match="Address already in use"):
            pool.take(address)


def test_ipv6_addresses():
    pool = AddressPool(Pool(subnet="fd01::/64", gateway="fd01::1"))
    assert [pool.take(), pool.take("fd01::5"), pool.take()] == ["fd01::2", "fd01::5", "fd01::3"]
    assert pool.prefix == 64


def test_restored_addresses_are_taken():
    pool = AddressPool(Pool(subnet="10.1.0.0/24", gateway="10.1.0.1"))
    pool.restore("10.1.0.2")
    assert pool.take() == "10.1.0.3"


def test_gateway_is_filled_in():
    assert complete_pool(Pool(subnet="10.1.0.0/24")).gateway == "10.1.0.1"
    assert complete_pool(Pool(subnet="10.1.0.0/24", ip_range="10.1.0.128/25")).gateway == "10.1.0.128"
    assert complete_pool(Pool(subnet="10.1.0.0/24", gateway="10.1.0.9")).gateway == "10.1.0.9"


@pytest.mark.parametrize(
    ("pool", "text"),
    [
        (Pool(subnet="10.5.0.0/16", gateway="10.6.0.1"), "no matching subnet for gateway 10.6.0.1"),
        (Pool(subnet="10.5.0.0/16", ip_range="10.6.0.0/24"), "no matching subnet for range 10.6.0.0/24"),
        (Pool(subnet="10.5.0.0/16", gateway="fd00::1"), "no matching subnet for gateway fd00::1"),
        (Pool(subnet="10.5.0.0/16", gateway="x"), "invalid address x"),
    ],
)
def test_pool_that_contradicts_itself(pool, text):
    with pytest.raises(InvalidArgument) as caught:
        complete_pool(pool)
    assert str(caught.value) == text


def test_overlap_with_another_network_is_refused():
    with pytest.raises(Forbidden, match="Pool overlaps with other one on this address space"):
        check_free([Pool(subnet="172.17.0.0/24")], [ip_network("172.17.0.0/16")])
    with pytest.raises(Forbidden):
        check_free([Pool(subnet="10.0.0.0/8"), Pool(subnet="10.1.0.0/16")], [])
    check_free([Pool(subnet="10.0.0.0/8"), Pool(subnet="fd00::/64")], [ip_network("172.17.0.0/16")])


def test_usage_counts_reserved_addresses_and_the_free_ones_of_the_range():
    """Two containers in a /29 with an auxiliary address: network, broadcast, gateway, auxiliary, and two."""
    pool = AddressPool(
        Pool(subnet="10.9.0.0/29", ip_range="10.9.0.4/30", gateway="10.9.0.1", auxiliary={"nas": "10.9.0.5"})
    )
    assert pool.usage() == ("10.9.0.0/29", 4, 2)
    pool.take()
    pool.take("10.9.0.2")
    assert pool.usage() == ("10.9.0.0/29", 6, 1)


def test_usage_of_a_network_as_docker_shows_it():
    pool = AddressPool(Pool(subnet="172.18.0.0/16", gateway="172.18.0.1"))
    pool.take()
    pool.take()
    assert pool.usage() == ("172.18.0.0/16", 5, 65531)


@pytest.mark.parametrize("address", ["10.9.0.0", "10.9.0.255", "10.9.1.0", "fd00::1", "fe80::1%eth0"])
def test_which_addresses_are_in_a_pool(address):
    pool = AddressPool(Pool(subnet="10.9.0.0/24"))
    assert (address in pool) is address.startswith("10.9.0.")
    with pytest.raises(ValueError, match="nonsense"):
        assert "nonsense" in pool
