"""Addresses of daemons, and the targets of requests."""

import pytest

from berth.base.errors import InvalidArgument, Unsupported
from berth.client.endpoint import DEFAULT_SOCKET, TlsFiles, parse_host
from berth.client.target import filters, query_string, quote_path


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", f"unix://{DEFAULT_SOCKET}"),
        ("unix://", f"unix://{DEFAULT_SOCKET}"),
        ("unix:///x/y.sock", "unix:///x/y.sock"),
        (" tcp://h:1 ", "tcp://h:1"),
        ("tcp://h", "tcp://h:2375"),
        ("tcp://h:1/", "tcp://h:1"),
        ("h", "tcp://h:2375"),
        ("h:1", "tcp://h:1"),
        (":1", "tcp://localhost:1"),
        ("tcp://[::1]:7", "tcp://[::1]:7"),
        ("tcp://[::1]", "tcp://[::1]:2375"),
        ("https://h:3", "tcp://h:3"),
    ],
)
def test_forms(text: str, url: str) -> None:
    assert parse_host(text).url == url


def test_tls_has_a_port_of_its_own() -> None:
    assert parse_host("tcp://h", tls=TlsFiles()).port == 2376


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo://x", "invalid bind address format: foo://x"),
        ("tcp://h:1/path", "invalid bind address format: tcp://h:1/path"),
        ("tcp://h:70000", "invalid bind address format: tcp://h:70000"),
        ("tcp://h:y", 'parse "tcp://h:y": invalid port ":y" after host'),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_host(text)
    assert str(caught.value) == words


@pytest.mark.parametrize("text", ["ssh://user@h", "npipe:////./pipe/docker_engine", "fd://"])
def test_kinds_that_do_not_work_here(text: str) -> None:
    with pytest.raises(Unsupported):
        parse_host(text)


def test_targets() -> None:
    assert quote_path("host:5000/a b?c%") == "host:5000/a%20b%3Fc%25"
    query = {"a": True, "b": False, "c": None, "d": ["x", "y&z"], "e": {"k": "é"}, "f": 3}
    assert query_string(query) == "?a=1&b=0&d=x&d=y%26z&e=%7B%22k%22%3A%22%5Cu00e9%22%7D&f=3"
    assert query_string({"a": None}) == ""
    assert filters([("status", "a"), ("status", "b"), ("label", "x=y")]) == {
        "status": {"a": True, "b": True},
        "label": {"x=y": True},
    }
    assert filters([]) is None
