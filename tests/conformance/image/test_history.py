"""docker history (A7 history)."""

import re

from tests.support.cli import Client


def test_table(docker: Client) -> None:
    """A7 history: IMAGE, CREATED, CREATED BY, SIZE, COMMENT; ``<missing>`` for layers without an image of
    their own."""
    head, *lines = docker.ok("history", "fixture-seeded:1").splitlines()
    assert re.split(r"\s{2,}", head.strip()) == ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"]
    assert re.match(r"[0-9a-f]{12} +\d+ years ago +layer 1 +5B", lines[0])
    assert re.match(r"<missing> +\d+ years ago +layer 0 +1\.9\dMB", lines[1])


def test_flags(docker: Client) -> None:
    """A7 history: --no-trunc, -q, -H=false, --format."""
    assert docker.ok("history", "-q", "--no-trunc", "busybox").startswith("sha256:")
    sizes = docker.ok("history", "-H=false", "--format", "{{.Size}}", "busybox")
    assert int(sizes) > 1_900_000


def test_unknown(docker: Client) -> None:
    """A7 history."""
    assert docker("history", "no-such") == (
        1,
        "",
        "Error response from daemon: No such image: no-such:latest\n",
    )
