"""Names of containers in user-defined networks: who is found by whom, and what the outside is asked."""

from collections.abc import Iterator

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.http import Api
from tests.support.names import OUTSIDE_ADDRESS, SERVER, Answer, Upstream, ask, bound, inside, serving

HOST = "192.0.2.2"
SLEEP = ("busybox", "sleep", "300")


@pytest.fixture
def net(docker: Client, name: str) -> Iterator[str]:
    network = f"{name}-net"
    docker.ok("network", "create", network)
    yield network
    for row in docker.ok("ps", "-aq", "--filter", f"network={network}").split():
        docker.ok("rm", "-f", row)
    docker.ok("network", "rm", network)


@pytest.fixture
def upstream(engine: Engine) -> Iterator[Upstream]:
    if engine.namespace is None:
        pytest.skip("a name server of the test's own needs the engine's namespace")
    with serving(*engine.on_its_host(lambda: bound(HOST))) as found:
        yield found


def address(api: Api, container: str, network: str) -> str:
    row = api.get(f"/containers/{container}/json").json()
    return str(row["NetworkSettings"]["Networks"][network]["IPAddress"])


def run(docker: Client, name: str, network: str, *words: str) -> str:
    return docker.ok("run", "-d", "--name", name, "--network", network, *words, *SLEEP)


def test_every_name_of_a_container(docker: Client, api: Api, name: str, net: str) -> None:
    """Name, short id, aliases, host name, each with the network's name behind it; in any case."""
    full = run(docker, f"{name}-Web", net, "--network-alias", "svc", "--network-alias", "a.b", "-h", "myhost")
    run(docker, f"{name}-cli", net)
    there = Answer("NOERROR", (address(api, f"{name}-Web", net),))
    for one in (f"{name}-Web", f"{name}-web".upper(), full[:12], "svc", "a.b", "myhost", f"svc.{net}"):
        assert ask(api, f"{name}-cli", one) == there, one
    assert ask(api, f"{name}-cli", "svc", tcp=True) == there
    assert ask(api, f"{name}-Web", "svc") == there  # itself too


def test_a_shell_finds_the_name(docker: Client, name: str, net: str) -> None:
    run(docker, f"{name}-web", net, "--network-alias", "web")
    out = docker.ok("run", "--rm", "--network", net, "busybox", "ping", "-c", "1", "-W", "5", "web")
    assert "1 packets received" in out


def test_known_names_without_an_address_of_the_kind(
    docker: Client, api: Api, name: str, net: str, upstream: Upstream
) -> None:
    """NOERROR and nothing: a client that gets NXDOMAIN for AAAA may forget the A."""
    run(docker, f"{name}-web", net, "--network-alias", "web")
    run(docker, f"{name}-cli", net, "--dns", HOST)
    for kind in ("AAAA", "MX"):
        assert ask(api, f"{name}-cli", "web", kind) == Answer("NOERROR", ())
    assert upstream.asked == []


def test_address_to_name(docker: Client, api: Api, name: str, net: str) -> None:
    run(docker, f"{name}-web", net)
    run(docker, f"{name}-cli", net)
    labels = address(api, f"{name}-web", net).split(".")[::-1]
    reverse = f"{'.'.join(labels)}.in-addr.arpa"
    assert ask(api, f"{name}-cli", reverse, "PTR") == Answer("NOERROR", (f"{name}-web.{net}.",))


def test_one_alias_of_several(docker: Client, api: Api, name: str, net: str) -> None:
    """All their addresses, in changing order."""
    for number in range(3):
        run(docker, f"{name}-{number}", net, "--network-alias", "svc")
    answers = [ask(api, f"{name}-0", "svc") for _ in range(60)]
    assert {answer.values[0] for answer in answers} == set(answers[0].values)
    assert set(answers[0].values) == {address(api, f"{name}-{number}", net) for number in range(3)}


def test_link_is_a_name_for_one_container_alone(
    docker: Client, api: Api, name: str, net: str, upstream: Upstream
) -> None:
    run(docker, f"{name}-web", net)
    run(docker, f"{name}-cli", net, "--link", f"{name}-web:db", "--dns", HOST)
    run(docker, f"{name}-other", net, "--dns", HOST)
    web = address(api, f"{name}-web", net)
    assert ask(api, f"{name}-cli", "db").values == (web,)
    assert ask(api, f"{name}-other", "db").values == (OUTSIDE_ADDRESS,)
    assert web not in docker.ok("exec", f"{name}-cli", "cat", "/etc/hosts")


def test_names_end_at_the_network(docker: Client, api: Api, name: str, net: str, upstream: Upstream) -> None:
    """Of containers that share none, and of the default network, nothing is known."""
    docker.ok("network", "create", f"{name}-two")
    run(docker, f"{name}-web", net)
    run(docker, f"{name}-far", f"{name}-two", "--dns", HOST)
    run(docker, f"{name}-plain", "bridge")
    for other in (f"{name}-web", f"{name}-web.{net}", f"{name}-plain"):
        assert ask(api, f"{name}-far", other).values == (OUTSIDE_ADDRESS,)


def test_default_network_has_no_name_server(docker: Client, api: Api, name: str) -> None:
    docker.ok("run", "-d", "--name", name, *SLEEP)
    assert SERVER not in docker.ok("exec", name, "cat", "/etc/resolv.conf")
    assert inside(api, name).output("ss", "-Hlntu") == ""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "nameserver 127.0.0.11\noptions ndots:0\n"),
        (("--dns", "1.2.3.4"), "nameserver 127.0.0.11\noptions ndots:0\n"),
        (("--dns-search", "a.b"), "search a.b\nnameserver 127.0.0.11\noptions ndots:0\n"),
        (("--dns-search", ".", "--dns-option", "ndots:2"), "nameserver 127.0.0.11\noptions ndots:2\n"),
        (("--dns-option", "timeout:1"), "nameserver 127.0.0.11\noptions timeout:1 ndots:0\n"),
    ],
)
def test_resolver_file(docker: Client, net: str, words: tuple[str, ...], text: str) -> None:
    search = () if "--dns-search" in words else ("--dns-search", ".")
    out = docker.ok("run", "--rm", "--network", net, *words, *search, "busybox", "cat", "/etc/resolv.conf")
    assert f"{out.rstrip()}\n" == text


def test_other_names_are_asked_of_others(
    docker: Client, api: Api, name: str, net: str, upstream: Upstream
) -> None:
    """Whatever they answer; by TCP what came by TCP."""
    run(docker, name, net, "--dns", HOST)
    assert ask(api, name, "example.com") == Answer("NOERROR", (OUTSIDE_ADDRESS,))
    assert ask(api, name, "example.com", "TXT") == Answer("NOERROR", ())
    assert ask(api, name, "nx.example.com").code == "NXDOMAIN"
    assert ask(api, name, "big.example.com").truncated
    assert ask(api, name, "big.example.com", tcp=True).values == (OUTSIDE_ADDRESS,)
    assert upstream.asked[-1] == ("tcp", "big.example.com")


def test_next_server_when_the_first_fails(
    docker: Client, api: Api, name: str, net: str, engine: Engine, upstream: Upstream
) -> None:
    run(docker, name, net, "--dns", "127.0.0.1", "--dns", HOST)  # nobody listens inside
    assert ask(api, name, "example.com").values == (OUTSIDE_ADDRESS,)


def test_server_inside_the_container(docker: Client, api: Api, name: str, net: str) -> None:
    """``--dns`` names what the container can reach: itself, for example. And its port 53 is its own."""
    run(docker, name, net, "--dns", "127.0.0.1", "--network-alias", "me")
    with serving(*inside(api, name).call(lambda: bound("0.0.0.0"))) as own:
        assert ask(api, name, "example.com").values == (OUTSIDE_ADDRESS,)
        assert own.asked == [("udp", "example.com")]
        assert ask(api, name, "me").values == (address(api, name, net),)
        assert ask(api, name, "me", server="127.0.0.1").values == (OUTSIDE_ADDRESS,)


def test_internal_network_has_names(docker: Client, api: Api, name: str) -> None:
    docker.ok("network", "create", "--internal", f"{name}-cell")
    run(docker, f"{name}-web", f"{name}-cell", "--network-alias", "web")
    run(docker, f"{name}-cli", f"{name}-cell")
    assert ask(api, f"{name}-cli", "web").values == (address(api, f"{name}-web", f"{name}-cell"),)


def test_connect_and_disconnect(docker: Client, api: Api, name: str, net: str, upstream: Upstream) -> None:
    """A running container gains names and loses them; its resolver file follows."""
    run(docker, f"{name}-web", net, "--dns", HOST)
    docker.ok("run", "-d", "--name", f"{name}-late", "--dns", HOST, *SLEEP)
    docker.ok("network", "connect", "--alias", "late", net, f"{name}-late")
    assert docker.ok("exec", f"{name}-late", "cat", "/etc/resolv.conf").split()[:2] == ["nameserver", SERVER]
    assert ask(api, f"{name}-late", f"{name}-web").values == (address(api, f"{name}-web", net),)
    assert ask(api, f"{name}-web", "late").values == (address(api, f"{name}-late", net),)
    docker.ok("network", "disconnect", net, f"{name}-late")
    assert ask(api, f"{name}-web", "late").values == (OUTSIDE_ADDRESS,)
    assert ask(api, f"{name}-late", f"{name}-web").values == (OUTSIDE_ADDRESS,)


def test_rename_and_stop(docker: Client, api: Api, name: str, net: str, upstream: Upstream) -> None:
    run(docker, f"{name}-old", net)
    run(docker, f"{name}-cli", net, "--dns", HOST)
    there = address(api, f"{name}-old", net)
    docker.ok("rename", f"{name}-old", f"{name}-new")
    assert ask(api, f"{name}-cli", f"{name}-new").values == (there,)
    assert ask(api, f"{name}-cli", f"{name}-old").values == (OUTSIDE_ADDRESS,)
    docker.ok("stop", "-t", "0", f"{name}-new")
    assert ask(api, f"{name}-cli", f"{name}-new").values == (OUTSIDE_ADDRESS,)


def test_shared_namespace_shares_the_names(docker: Client, name: str, net: str) -> None:
    run(docker, f"{name}-web", net, "--network-alias", "web")
    joined = ("--network", f"container:{name}-web")
    out = docker.ok("run", "--rm", *joined, "busybox", "ping", "-c", "1", "-W", "5", "web")
    assert "1 packets received" in out


def test_single_label_with_ndots_stays_here(
    docker: Client, api: Api, name: str, net: str, upstream: Upstream
) -> None:
    run(docker, name, net, "--dns", HOST, "--dns-option", "ndots:2")
    assert ask(api, name, "nobody").values == ()
    assert ask(api, name, "no.body").values == (OUTSIDE_ADDRESS,)
    assert upstream.asked == [("udp", "no.body")]
