"""docker run: networks and published ports (A1.14, B4)."""

import re
import socket

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.host import connect_tcp
from tests.support.http import Api
from tests.support.waiting import wait_until

PORT = 18888
SERVE = ("sh", "-c", "mkdir /www; hostname > /www/index.html; httpd -f -p 8888 -h /www")


def fetch(engine: Engine, address: str, port: int, family: socket.AddressFamily = socket.AF_INET) -> str:
    """The body of a plain HTTP answer, as the engine's host gets it; empty when nobody answers."""

    def ask() -> str:
        try:
            with connect_tcp(address, port, family=family) as sock:
                sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                data = b""
                while more := sock.recv(65536):
                    data += more
        except OSError:
            return ""
        return data.partition(b"\r\n\r\n")[2].decode().strip()

    return engine.on_its_host(ask)


def refused(engine: Engine, address: str, port: int) -> bool:
    def ask() -> bool:
        try:
            connect_tcp(address, port).close()
        except ConnectionRefusedError:
            return True
        return False

    return engine.on_its_host(ask)


def test_published_port_answers_everywhere(docker: Client, engine: Engine, name: str) -> None:
    """A1.14: on all addresses of the host, localhost too, IPv4 and IPv6."""
    full = docker.ok("run", "-d", "--name", name, "-p", f"{PORT}:8888", "busybox", *SERVE)
    wait_until(lambda: fetch(engine, "127.0.0.1", PORT) == full[:12], "the port answers on localhost")
    assert fetch(engine, "::1", PORT, socket.AF_INET6) == full[:12]
    if engine.namespace:
        assert fetch(engine, "192.0.2.2", PORT) == full[:12]
    docker.ok("stop", "-t", "0", name)
    assert refused(engine, "127.0.0.1", PORT)


def test_address_is_kept_to(docker: Client, engine: Engine, name: str) -> None:
    """A1.14: ``-p 127.0.0.1:P:P`` answers there only."""
    full = docker.ok("run", "-d", "--name", name, "-p", f"127.0.0.1:{PORT}:8888", "busybox", *SERVE)
    wait_until(lambda: fetch(engine, "127.0.0.1", PORT) == full[:12], "the port answers on localhost")
    if engine.namespace:
        assert refused(engine, "192.0.2.2", PORT)


def test_taken_port(docker: Client, engine: Engine, name: str) -> None:
    """A1.14: exit 125, the text, the id on standard output, state Created; ``start`` works once the port
    is free."""
    docker.ok("run", "-d", "--name", f"{name}-holder", "-p", f"{PORT}:80", "busybox", "sleep", "300")
    result = docker("run", "-d", "--name", name, "-p", f"{PORT}:80", "busybox", "sleep", "300")
    assert result.code == 125
    assert re.fullmatch("[0-9a-f]{64}\n", result.out)
    assert f"Bind for 0.0.0.0:{PORT} failed: port is already allocated" in result.err
    assert f"driver failed programming external connectivity on endpoint {name} (" in result.err
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "created"
    docker.ok("rm", "-f", f"{name}-holder")
    assert docker.ok("start", name) == name
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_port_of_a_host_process(docker: Client, engine: Engine, name: str) -> None:
    """A1.14: a port that a process of the host listens on is refused too."""

    def listen() -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", PORT))
        sock.listen()
        return sock

    with engine.on_its_host(listen):
        result = docker("run", "-d", "--name", name, "-p", f"{PORT}:80", "busybox", "sleep", "300")
    assert result.code == 125
    assert "address already in use" in result.err or "port is already allocated" in result.err


def test_publish_all_exposed(docker: Client, engine: Engine, name: str) -> None:
    """B4 -P: every exposed port gets a free one of the host."""
    docker.ok("run", "-d", "--name", name, "-P", "--expose", "8888", "fixture-expose:1", *SERVE)
    lines = docker.ok("port", name).splitlines()
    assert {line.split()[0] for line in lines} == {"5353/udp", "8080/tcp", "8888/tcp"}
    port = int(docker.ok("port", name, "8888").splitlines()[0].rpartition(":")[2])
    wait_until(lambda: fetch(engine, "127.0.0.1", port), "the port answers")


def test_ranges_and_random_ports(docker: Client, name: str) -> None:
    """A1.14, B4 -p: ``7000-7002:80-82``, ``127.0.0.1::80``, ``80``; ps joins nothing that differs."""
    docker.ok(
        "run",
        "-d",
        "--name",
        name,
        "-p",
        "17000-17002:80-82",
        "-p",
        "127.0.0.1::90",
        "-p",
        "91",
        "busybox",
        "sleep",
        "300",
    )
    found = dict(line.split(" -> ") for line in docker.ok("port", name).splitlines() if "[" not in line)
    assert [found[f"{n}/tcp"] for n in (80, 81, 82)] == [f"0.0.0.0:{n}" for n in (17000, 17001, 17002)]
    assert re.fullmatch(r"127\.0\.0\.1:\d+", found["90/tcp"])
    assert re.fullmatch(r"0\.0\.0\.0:\d+", found["91/tcp"])
    assert "0.0.0.0:17000->80/tcp" in docker.ok("ps", "--filter", f"name={name}", "--format", "{{.Ports}}")


ECHO = (
    "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 53))\n"
    "while True: data, peer = s.recvfrom(100); s.sendto(b'got ' + data, peer)"
)


def test_udp(docker: Client, engine: Engine, debian_image: str, name: str) -> None:
    """B4 -p: ``/udp`` both ways."""
    docker.ok(
        "run", "-d", "--name", name, "-p", f"127.0.0.1:{PORT}:53/udp", debian_image, "python3", "-c", ECHO
    )

    def ask() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.3)
            sock.sendto(b"marco", ("127.0.0.1", PORT))
            try:
                return sock.recv(100)
            except OSError:
                return b""

    wait_until(lambda: engine.on_its_host(ask) == b"got marco", "the answer comes back")


@pytest.mark.parametrize(
    ("port", "complaint"),
    [
        ("99999:1", "invalid hostPort: 99999"),
        ("abc", "invalid containerPort: abc"),
        ("80/nope", "invalid proto: nope"),
        ("1-3:5-6", "invalid ranges specified for container and host Ports"),
        ("1.2.3.4.5:80:80", "invalid IP address: 1.2.3.4.5"),
    ],
)
def test_bad_ports(docker: Client, port: str, complaint: str) -> None:
    """Bad input: by the client."""
    result = docker("run", "--rm", "-p", port, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err


def test_address_that_is_not_the_hosts(docker: Client, name: str) -> None:
    """Bad input: the container stays Created, nothing is left published."""
    result = docker("run", "-d", "--name", name, "-p", f"203.0.113.9:{PORT}:80", "busybox", "sleep", "300")
    assert result.code == 125
    assert "cannot assign requested address" in result.err
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "created"
    docker.ok("run", "-d", "--name", f"{name}-2", "-p", f"{PORT}:80", "busybox", "sleep", "300")


def test_containers_reach_one_another(docker: Client, engine: Engine, name: str) -> None:
    """B4 --network bridge: by address, and the host reaches them."""
    full = docker.ok("run", "-d", "--name", name, "busybox", *SERVE)
    address = docker.ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name)
    wait_until(lambda: fetch(engine, address, 8888) == full[:12], "the server answers the host")
    assert docker.ok("run", "--rm", "busybox", "wget", "-qO-", f"http://{address}:8888/") == full[:12]


def test_addresses_inside(docker: Client, name: str) -> None:
    """A1.25: eth0 with the address of inspect, a default route by the gateway, hosts and resolv.conf."""
    docker.ok("run", "-d", "--name", name, "--hostname", "box", "busybox", "sleep", "300")
    shape = (
        "{{with .NetworkSettings.Networks.bridge}}{{.IPAddress}} "
        "{{.IPPrefixLen}} {{.Gateway}} {{.MacAddress}}{{end}}"
    )
    address, prefix, gateway, mac = docker.ok("inspect", "-f", shape, name).split()
    assert f"inet {address}/{prefix}" in docker.ok("exec", name, "ip", "addr", "show", "eth0")
    assert mac in docker.ok("exec", name, "ip", "link", "show", "eth0")
    assert (
        docker.ok("exec", name, "ip", "route").splitlines()[0].startswith(f"default via {gateway} dev eth0")
    )
    hosts = docker.ok("exec", name, "cat", "/etc/hosts").splitlines()
    assert [line.split() for line in hosts if line.startswith(address)] == [[address, "box"]]
    assert ["127.0.0.1", "localhost"] in [line.split() for line in hosts]
    assert "nameserver" in docker.ok("exec", name, "cat", "/etc/resolv.conf")


def test_none(docker: Client) -> None:
    """B4 --network none: a loopback and nothing else."""
    assert re.findall(
        r"^\d+: (\w+)", docker.ok("run", "--rm", "--network", "none", "busybox", "ip", "addr"), re.MULTILINE
    ) == ["lo"]


def test_host(docker: Client, engine: Engine) -> None:
    """B4 --network host: the links of the engine's host, its hostname."""
    out = docker.ok(
        "run",
        "--rm",
        "--network",
        "host",
        "busybox",
        "sh",
        "-c",
        "ls /sys/class/net; readlink /proc/self/ns/net",
    )
    if engine.namespace:
        assert f"net:[{engine.namespace.path.stat().st_ino}]" in out
    assert docker.ok("run", "--rm", "--network", "host", "busybox", "hostname") == socket.gethostname()


def test_container_network(docker: Client, name: str) -> None:
    """B4 --network container:NAME: the same interfaces and hostname; localhost is shared."""
    full = docker.ok("run", "-d", "--name", name, "busybox", *SERVE)
    join = ("run", "--rm", "--network", f"container:{name}", "busybox")
    assert docker.ok(*join, "hostname") == full[:12]
    wait_until(
        lambda: docker(*join, "wget", "-qO-", "http://127.0.0.1:8888/").out.strip() == full[:12],
        "localhost answers",
    )


def test_container_network_of_a_stopped_one(docker: Client, name: str, engine: Engine) -> None:
    """B4: joining needs a running container."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("run", "--rm", "--network", f"container:{name}", "busybox", "true")
    assert result.code == 125
    assert (
        expect(
            engine,
            dockerd="cannot join network of a non running container: ",
            berthd=f"cannot join network namespace of a non running container: container {name} is created\n",
        )
        in result.err
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--network", "no-such"], "network no-such not found"),
        (["--network", "container:no-such"], "No such container: no-such"),
        (["--network", "host", "-p", "1:1", "--hostname", "x", "--link", "no-such"], ""),
        (["--mac-address", "zz"], "zz is not a valid mac address"),
        (["--dns", "bad"], "IP address is not correctly formatted: bad"),
        (["--add-host", "bad"], 'bad format for add-host: "bad"'),
        (["--link", "no-such"], "No such container: no-such"),
        (["--expose", "abc"], "invalid range format for --expose: abc"),
        (
            ["--network", "container:x", "--hostname", "y"],
            "conflicting options: hostname and the network mode",
        ),
        (
            ["--network", "container:x", "-p", "80:80"],
            "conflicting options: port publishing and the container type network mode",
        ),
    ],
)
def test_bad_networks(docker: Client, name: str, words: list[str], complaint: str) -> None:
    """Bad input: exit 125 with the text."""
    result = docker("run", "--rm", "--name", name, *words, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err


def test_dns_and_extra_hosts(docker: Client) -> None:
    """B4 --dns, --dns-search, --dns-option, --add-host."""
    words = (
        "--dns",
        "9.9.9.9",
        "--dns-search",
        "lab.example",
        "--dns-option",
        "ndots:2",
        "--add-host",
        "db:10.1.2.3",
    )
    out = docker.ok("run", "--rm", *words, "busybox", "cat", "/etc/resolv.conf", "/etc/hosts")
    lines = [line.split() for line in out.splitlines()]
    assert ["nameserver", "9.9.9.9"] in lines
    assert ["search", "lab.example"] in lines
    assert ["options", "ndots:2"] in lines
    assert ["10.1.2.3", "db"] in lines


def test_fixed_mac_address(docker: Client, api: Api, name: str) -> None:
    """B4 --mac-address, in the form of API 1.41 (the client wants 1.44 for its own form)."""
    body = {
        "Image": "busybox",
        "Cmd": ["cat", "/sys/class/net/eth0/address"],
        "MacAddress": "02:42:de:ad:be:ef",
    }
    assert api.at("1.41").post("/containers/create", body, name=name).status == 201
    assert docker.ok("start", "-a", name) == "02:42:de:ad:be:ef"


def test_addresses_return_to_the_pool(docker: Client) -> None:
    """A1.14: many short containers do not use addresses up; each gets one."""
    script = "ip -4 -o addr show eth0 | awk '{print $4}'"
    seen = [docker.ok("run", "--rm", "busybox", "sh", "-c", script) for _ in range(5)]
    assert all(re.fullmatch(r"[\d.]+/\d+", one) for one in seen)
