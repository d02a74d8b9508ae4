"""docker diff (A3.10, A7 diff)."""

from tests.support.cli import Client


def test_lines(docker: Client, name: str) -> None:
    """A7 diff: A, C and D lines."""
    docker.ok(
        "run",
        "--name",
        name,
        "busybox",
        "sh",
        "-c",
        "echo x > /new; rm /etc/group; echo y >> /etc/passwd; mkdir -p /d/e",
    )
    lines = set(docker.ok("diff", name).splitlines())
    assert {"A /new", "C /etc", "C /etc/passwd", "D /etc/group", "A /d", "A /d/e"} == lines


def test_mount_points_count(docker: Client, name: str) -> None:
    """A7 diff: created mount points count as A."""
    docker.ok("run", "--name", name, "-v", "/volume", "busybox", "touch", "/volume/x")
    assert docker.ok("diff", name) == "A /volume"


def test_nothing(docker: Client, name: str) -> None:
    """A7 diff."""
    docker.ok("create", "--name", name, "busybox")
    assert docker.ok("diff", name) == ""


def test_unknown(docker: Client) -> None:
    """A7 diff."""
    assert docker("diff", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")
