"""docker port (A7 port)."""

from tests.support.cli import Client


def test_lines_and_single_address(docker: Client, name: str) -> None:
    """A7 port: ``8888/tcp -> 127.0.0.1:18888`` per line; with a port only the address."""
    docker.ok(
        "run",
        "-d",
        "--name",
        name,
        "-p",
        "127.0.0.1:18888:8888",
        "-p",
        "127.0.0.1:18889:53/udp",
        "busybox",
        "sleep",
        "60",
    )
    assert docker.ok("port", name) == "53/udp -> 127.0.0.1:18889\n8888/tcp -> 127.0.0.1:18888"
    assert docker.ok("port", name, "8888") == "127.0.0.1:18888"
    assert docker.ok("port", name, "8888/tcp") == "127.0.0.1:18888"
    assert docker.ok("port", name, "53/udp") == "127.0.0.1:18889"


def test_not_published(docker: Client, name: str) -> None:
    """A7 port: text and exit 1."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "60")
    assert docker("port", name) == (0, "", "")
    result = docker("port", name, "80")
    assert result.code == 1
    assert "Error: No public port '80" in result.err
    assert f"published for {name}" in result.err


def test_stopped_has_none(docker: Client, name: str) -> None:
    """A7 port: ports are published while it runs."""
    docker.ok("create", "--name", name, "-p", "127.0.0.1:18888:80", "busybox")
    assert docker("port", name) == (0, "", "")


def test_unknown(docker: Client) -> None:
    """A7 port."""
    assert docker("port", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")
