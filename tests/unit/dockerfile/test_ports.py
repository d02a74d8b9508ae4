"""The words of EXPOSE."""

import pytest

from berth.dockerfile.errors import DockerfileError
from berth.dockerfile.ports import Port, parse_port

PORTS = {
    "80": Port(("80/tcp",), "tcp", mapped=False),
    "53/udp": Port(("53/udp",), "udp", mapped=False),
    "53/UDP": Port(("53/udp",), "UDP", mapped=False),
    "80/": Port(("80/tcp",), "tcp", mapped=False),
    "80-82/sctp": Port(("80/sctp", "81/sctp", "82/sctp"), "sctp", mapped=False),
    "8080:80": Port(("80/tcp",), "tcp", mapped=True),
    "127.0.0.1:8080:80": Port(("80/tcp",), "tcp", mapped=True),
    "127.0.0.1::80": Port(("80/tcp",), "tcp", mapped=True),
    "[::1]:8080:80": Port(("80/tcp",), "tcp", mapped=True),
}


def test_ports():
    assert {word: parse_port(word) for word in PORTS} == PORTS


FAILURES = {
    "http": "Invalid containerPort: http",
    "70000": "Invalid containerPort: 70000",
    "82-80": "Invalid containerPort: 82-80",
    "80-": "Invalid containerPort: 80-",
    "-1": "Invalid containerPort: -1",
    "80/icmp": "Invalid proto: icmp",
    "/tcp": "No port specified: /tcp<empty>",
    "x:80": "Invalid hostPort: x",
}


@pytest.mark.parametrize("word", FAILURES)
def test_failures(word):
    with pytest.raises(DockerfileError) as caught:
        parse_port(word)
    assert caught.value.message == FAILURES[word]
