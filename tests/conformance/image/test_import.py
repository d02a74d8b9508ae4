"""docker import (A7 import)."""

import gzip
import re
from pathlib import Path

import pytest

from tests.support.archive import Entry, directory, pack, symlink
from tests.support.cli import Client
from tests.support.images import busybox_layer


def image_ids(docker: Client) -> set[str]:
    return set(docker.ok("images", "-aq", "--no-trunc").split())


def test_from_standard_input(docker: Client, name: str) -> None:
    """A7 import: prints the sha256 id; the image runs."""
    result = docker("import", "-", f"{name}:1", stdin=busybox_layer())
    assert result.code == 0
    assert re.fullmatch("sha256:[0-9a-f]{64}\n", result.out)
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1") == result.out.strip()
    assert docker.ok("run", "--rm", f"{name}:1", "/bin/echo", "runs") == "runs"


def test_changes_and_message(docker: Client, name: str, tmp_path) -> None:
    """A7 import: -c, -m; history shows the message as COMMENT."""
    (tmp_path / "root.tar").write_bytes(busybox_layer())
    changes = (
        "-c",
        'CMD ["echo", "from change"]',
        "-c",
        "ENV A=b",
        "-c",
        "EXPOSE 80",
        "-c",
        "USER demo",
        "-c",
        "WORKDIR /tmp",
    )
    docker.ok("import", *changes, "-m", "hello there", str(tmp_path / "root.tar"), f"{name}:1")
    assert docker.ok("history", "--format", "{{.Comment}}", f"{name}:1") == "hello there"
    assert docker.ok("run", "--rm", f"{name}:1") == "from change"
    shape = "{{.Config.Env}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.ExposedPorts}}"
    shown = docker.ok("inspect", "-f", shape, f"{name}:1")
    assert "A=b" in shown
    assert "demo /tmp map[80/tcp:" in shown


def test_compressed(docker: Client, name: str) -> None:
    """A7 import: gzip is recognised by content."""
    docker.ok("import", "-", f"{name}:1", stdin=gzip.compress(busybox_layer(), 1))
    assert docker.ok("run", "--rm", f"{name}:1", "/bin/echo", "runs") == "runs"


def test_without_a_name_it_dangles(docker: Client) -> None:
    """A7 import."""
    full = docker.ok("import", "-", stdin=busybox_layer())
    assert full in docker.ok("images", "-q", "--no-trunc", "--filter", "dangling=true").splitlines()


@pytest.mark.parametrize("change", ["NOPE x", "RUN true", "FROM scratch"])
def test_bad_changes(docker: Client, change: str) -> None:
    """Bad input: refused, nothing made."""
    before = image_ids(docker)
    result = docker("import", "-c", change, "-", stdin=busybox_layer())
    assert result.code == 1
    assert re.search("is not a valid change command|unknown instruction", result.err)
    assert image_ids(docker) == before


def test_bad_name(docker: Client) -> None:
    """Bad input."""
    result = docker("import", "-", "UP:1", stdin=busybox_layer())
    assert result.code == 1
    assert "must be lowercase" in result.err


def test_truncated(docker: Client) -> None:
    """Bad input: half a tar makes no image."""
    before = image_ids(docker)
    result = docker("import", "-", stdin=busybox_layer()[:500_000])
    assert result.code == 1
    assert "unexpected EOF" in result.err
    assert image_ids(docker) == before


def test_links_out_of_the_root(docker: Client, name: str, tmp_path) -> None:
    """Hostile input: what goes through a link that leaves the root is refused or lands inside."""
    hostile = pack([symlink("out", f"/../../../..{tmp_path}"), Entry("out/planted", b"x"), directory("bin")])
    docker("import", "-", f"{name}:1", stdin=hostile)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["../escaped-by-import", "a/../../escaped-by-import", "/escaped-by-import"])
def test_paths_out_of_the_root(docker: Client, name: str, path: str, engine) -> None:
    """Hostile input: ``..`` and absolute paths never reach the host."""
    docker("import", "-", f"{name}:1", stdin=pack([Entry(path, b"x")]))
    assert not Path("/escaped-by-import").exists()
    if root := getattr(engine, "data_root", None):
        for found in root.rglob("escaped-by-import"):
            # inside a layer's own tree is the only place
            assert {"diff", "fs", "tree", "upper", "layers", "snapshots"} & set(found.parts)


def test_missing_file(docker: Client) -> None:
    """Bad input: by the client."""
    assert docker("import", "/no/such.tar") == (1, "", "open /no/such.tar: no such file or directory\n")
