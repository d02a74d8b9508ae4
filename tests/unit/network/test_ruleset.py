"""The rules as text, and ports as the kernel's bytes."""

import socket

from berth.network.foreign import bridges_with_rules, pair
from berth.network.ruleset import FilteredNetwork, Forward, remove, render, render_ports, table_name

NET = FilteredNetwork("berth0", "172.17.0.0/16")


def _rules(text: str, chain: str) -> list[str]:
    """The rules of a chain in the part that fills the chains."""
    body = text.split(f"  chain {chain} {{\n")[-1].split("  }")[0]
    return [line.strip() for line in body.splitlines()]


def test_a_bridge_lets_in_only_answers_neighbours_and_published_ports():
    assert _rules(render("ip", "t", [NET]), "forward") == [
        'oifname "berth0" ct state established,related accept',
        'oifname "berth0" iifname "berth0" accept',
        'oifname "berth0" ct status dnat accept',
        'oifname "berth0" drop',
    ]


def test_an_internal_network_is_sealed_and_not_masqueraded():
    text = render("ip", "t", [NET._replace(internal=True)])
    assert _rules(text, "forward") == [
        'iifname "berth0" oifname != "berth0" drop',
        'iifname != "berth0" oifname "berth0" drop',
    ]
    assert 'oifname != "berth0" masquerade' not in text


def test_masquerade_can_be_switched_off():
    assert 'saddr 172.17.0.0/16 oifname != "berth0" masquerade' in render("ip", "t", [NET])
    off = render("ip", "t", [NET._replace(masquerade=False)])
    assert 'oifname != "berth0" masquerade' not in off
    assert "ip saddr 127.0.0.0/8" in off


def test_loopback_is_guarded_in_ipv4_and_left_alone_in_ipv6():
    assert _rules(render("ip", "t", [NET]), "guard") == ['iifname "berth0" ip daddr 127.0.0.0/8 drop']
    six = render("ip6", "t", [FilteredNetwork("berth0", "fd00::/64")])
    assert _rules(six, "guard") == []
    assert _rules(six, "output") == ["ip6 daddr != ::1 fib daddr type local jump publish"]
    assert "127.0.0.0" not in six


def test_rewriting_the_rules_leaves_the_ports_alone():
    text = render("ip", "t", [NET])
    assert "flush chain ip t leave" in text
    assert "flush map" not in text
    assert "flush table" not in text


def test_port_elements_as_the_kernel_keeps_them():
    anywhere = Forward("tcp", b"", 8888, socket.inet_aton("172.17.0.2"), 80).element()
    assert anywhere.set_name == "ports"
    assert anywhere.key == bytes.fromhex("0600000022b80000")
    assert anywhere.value == bytes.fromhex("ac11000200500000")
    local = Forward("udp", socket.inet_aton("127.0.0.1"), 53, socket.inet_aton("172.17.0.2"), 53).element()
    assert local.set_name == "ports_at"
    assert local.key == bytes.fromhex("110000007f00000100350000")


def test_ports_as_text():
    six = socket.inet_pton(socket.AF_INET6, "fd00::2")
    text = render_ports("ip6", "t", [Forward("tcp", b"", 80, six, 8080)])
    assert text.splitlines()[-1] == "add element ip6 t ports { tcp . 80 : fd00::2 . 8080 }"


def test_removal_also_works_without_a_table():
    assert remove("ip", "t") == "table ip t { }\ndelete table ip t\n"
    assert table_name("a1") == "berth_a1"


def test_own_rules_are_found_among_those_of_others():
    listing = (
        "-P FORWARD DROP\n"
        "-A FORWARD -i br0 -m comment --comment berth_a -j ACCEPT\n"
        '-A FORWARD -o br0 -m comment --comment "berth_a" -j ACCEPT\n'
        "-A FORWARD -i br1 -m comment --comment berth_b -j ACCEPT\n"
        "-A FORWARD -i docker0 -j ACCEPT\n"
    )
    assert bridges_with_rules(listing, "berth_a") == {"br0": {"-i", "-o"}}
    assert [rule[1] for rule in pair("br0", "berth_a")] == ["-i", "-o"]
