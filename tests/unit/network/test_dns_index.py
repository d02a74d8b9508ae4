"""Who is called what: the index of names."""

import pytest

from berth.network.dns.index import NameIndex, reversed_address
from berth.network.records import Endpoint, Network

RED, BLUE = Network(id="r" * 64, name="red"), Network(id="b" * 64, name="Blue.Net")


def place(name, network=RED, ipv4="10.0.0.1", **more):
    return Endpoint(
        network_id=network.id,
        endpoint_id=f"{name}@{network.name}",
        container_id=f"{name}-" + "0" * 60,
        name=name,
        ipv4=ipv4,
        **more,
    )


def named(found):
    return [[endpoint.name for endpoint in group] for group in found]


def test_found_only_in_shared_networks():
    index = NameIndex()
    web, far, me = place("Web", aliases=("svc",)), place("far", BLUE), place("me", ipv4="10.0.0.2")
    for endpoint in (web, far, me):
        index.put(endpoint)
    here = [(me, RED)]
    for name in ("web", "svc", "web.red", "svc.red", "web-00000000"):
        assert named(index.find(here, name)) == [["Web"]], name
    for name in ("far", "far.blue.net", "web.blue.net", "red", ".red", ""):
        assert index.find(here, name) == [], name
    both = [*here, (place("me", BLUE), BLUE)]
    assert named(index.find(both, "far.blue.net")) == [["far"]]


def test_links_are_for_the_one_who_has_them():
    index = NameIndex()
    web = place("web")
    index.put(web)
    linked = place("me", links=(("DB", "web"), ("gone", "nobody")))
    assert named(index.find([(linked, RED)], "db")) == [["web"]]
    assert index.find([(linked, RED)], "gone") == []
    assert index.find([(place("other"), RED)], "db") == []


def test_every_change_makes_another_version_and_leaves_nothing():
    index = NameIndex()
    one, two = place("one", aliases=("svc",)), place("two", ipv4="10.0.0.2", aliases=("svc",))
    index.put(one)
    index.put(two)
    before = index.version
    assert named(index.find([(one, RED)], "svc")) == [["one", "two"]]
    index.drop(one)
    assert index.version != before
    assert named(index.find([(two, RED)], "svc")) == [["two"]]
    assert index.at([(two, RED)], "10.0.0.1") == ""
    assert index.at([(two, RED)], "10.0.0.2") == "two.red"
    assert index.at([(place("far", BLUE), BLUE)], "10.0.0.2") == ""
    index.drop(two)
    assert index._by_name == {} and index._by_address == {}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("2.0.18.172.in-addr.arpa", "172.18.0.2"),
        ("1." + "0." * 27 + "1.0.d.f.ip6.arpa", "fd01::1"),
        ("18.172.in-addr.arpa", ""),
        ("in-addr.arpa", ""),
        ("256.0.18.172.in-addr.arpa", ""),
        ("x.0.18.172.in-addr.arpa", ""),
        ("1.0.ip6.arpa", ""),
        ("g." + "0." * 31 + "ip6.arpa", ""),
        ("web", ""),
    ],
)
def test_reversed_addresses(name, address):
    assert reversed_address(name) == address


def test_a_change_before_the_first_question_counts():
    index = NameIndex()
    old, new = place("old"), place("new")
    index.put(old)
    index.drop(old)
    index.put(new)
    here = [(place("me", ipv4="10.0.0.2"), RED)]
    assert index.find(here, "old") == []
    assert index.at(here, "10.0.0.1") == "new.red"
