"""hosts and resolv.conf, compared with what dockerd 20.10 wrote for the same containers."""

import pytest

from berth.network.files import hosts_file, only_local_stub, resolv_conf, resolve_extra_hosts

LOCAL = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "ff00::0\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n"
)


def test_plain_hosts_file():
    assert (
        hosts_file(hostname="62faa0dacbfe", addresses=["172.17.0.2"]) == LOCAL + "172.17.0.2\t62faa0dacbfe\n"
    )


def test_hosts_file_with_everything():
    extra = resolve_extra_hosts(["foo:1.2.3.4", "h:host-gateway", "six=[fd00::1]"], "172.17.0.1")
    text = hosts_file(hostname="myh.dom.com", domainname="d2", addresses=["172.17.0.2"], extra=extra)
    assert text == LOCAL + ("1.2.3.4\tfoo\n172.17.0.1\th\nfd00::1\tsix\n172.17.0.2\tmyh.dom.com.d2 myh\n")


def test_network_none_has_only_the_local_lines():
    assert hosts_file(hostname="x") == LOCAL


def test_host_network_extends_the_hosts_file():
    base = "127.0.0.1 localhost\n127.0.0.1 vm\n"
    assert hosts_file(hostname="vm", base=base, extra=[("a", "1.1.1.1")]) == base + "1.1.1.1\ta\n"


def test_colons_of_an_address_stay():
    assert resolve_extra_hosts(["six:fd00::1"], "") == (("six", "fd00::1"),)


HOST = (
    "# made by hand\nsearch lab.example\n"
    "nameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver fd00::53\noptions edns0\n"
)


def test_unreachable_servers_are_left_out():
    assert resolv_conf(HOST) == "# made by hand\nsearch lab.example\nnameserver 10.0.0.1\noptions edns0\n"
    assert "nameserver fd00::53\n" in resolv_conf(HOST, ipv6=True)
    assert "127.0.0.53" not in resolv_conf(HOST, ipv6=True)


@pytest.mark.parametrize(
    "host", ["", "nameserver 127.0.0.1\n", "nameserver ::1\n", "nameserver fe80::1%eth0\n"]
)
def test_public_servers_when_none_is_left(host):
    assert resolv_conf(host) == "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"


def test_public_servers_of_both_families():
    assert resolv_conf("", ipv6=True).count("nameserver") == 4


def test_wishes_replace_each_kind_of_line():
    text = resolv_conf(HOST, dns=["9.9.9.9"], search=["ex.com"], options=["ndots:2"])
    assert text == "search ex.com\nnameserver 9.9.9.9\noptions ndots:2\n"
    assert resolv_conf(HOST, dns=["127.0.0.1"]) == (
        "search lab.example\nnameserver 127.0.0.1\noptions edns0\n"
    )
    assert resolv_conf(HOST, search=["."]).startswith("nameserver 127.0.0.53\n")


def test_host_network_sees_the_hosts_file():
    assert resolv_conf(HOST, host_network=True) == HOST
    assert resolv_conf(HOST, host_network=True, dns=["1.1.1.1"]).count("nameserver") == 1


def test_resolved_stub_is_recognised():
    assert only_local_stub("nameserver 127.0.0.53\noptions edns0\n")
    assert not only_local_stub(HOST)


@pytest.mark.parametrize(
    ("wishes", "text"),
    [
        ({}, "search lab.example\nnameserver 127.0.0.11\noptions edns0 ndots:0\n"),
        ({"dns": ["9.9.9.9"], "search": ["."]}, "nameserver 127.0.0.11\noptions edns0 ndots:0\n"),
        (
            {"search": ["a", "b"], "options": ["timeout:1", "ndots:3"]},
            "search a b\nnameserver 127.0.0.11\noptions timeout:1 ndots:3\n",
        ),
    ],
)
def test_our_own_server_is_the_only_one(wishes, text):
    host = "nameserver 10.0.0.1\nsearch lab.example\noptions edns0\n"
    assert resolv_conf(host, embedded=True, **wishes) == text
