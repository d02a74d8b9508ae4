"""Archives that mean harm: refused or contained, and nothing half-made stays."""

import json
from pathlib import Path

import pytest

from tests.support.archive import Entry, ImageArchive, digest, directory, hardlink, pack, symlink
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.images import busybox, busybox_layer

MARK = "escaped-by-load"


@pytest.fixture
def nothing_made(docker: Client, name: str):
    """Images are the same afterwards as before."""
    before = set(docker.ok("images", "-aq", "--no-trunc").split())
    yield
    assert set(docker.ok("images", "-aq", "--no-trunc").split()) == before


def outside(engine: Engine) -> list[Path]:
    """Files of the mark anywhere but in a layer's own tree."""
    found = [path for path in (Path("/") / MARK, Path("/tmp") / MARK) if path.exists()]
    if root := getattr(engine, "root", None):
        inside = {"diff", "fs", "tree", "upper", "layers", "snapshots", "merged"}
        found += [path for path in root.rglob(MARK) if not inside & set(path.relative_to(root).parts)]
    return found


@pytest.mark.parametrize(
    "entries",
    [
        [Entry(f"../{MARK}", b"x")],
        [Entry(f"../../../../../../{MARK}", b"x")],
        [Entry(f"/{MARK}", b"x")],
        [Entry(f"a/../../{MARK}", b"x")],
        [symlink("up", "../../../.."), Entry(f"up/{MARK}", b"x")],
        [symlink("abs", "/tmp"), Entry(f"abs/{MARK}", b"x")],
        [symlink("a", "b"), symlink("b", "../../../../tmp"), Entry(f"a/{MARK}", b"x")],
        [Entry("file", b""), Entry(f"file/{MARK}", b"x")],
        [symlink("loop", "loop"), Entry(f"loop/{MARK}", b"x")],
    ],
    ids=[
        "parent",
        "parents",
        "absolute",
        "inner-parent",
        "link-up",
        "link-absolute",
        "link-chain",
        "below-a-file",
        "loop",
    ],
)
def test_paths_that_leave(docker: Client, engine: Engine, name: str, entries: list[Entry]) -> None:
    """Hostile tars: a layer cannot write outside its own tree."""
    docker("load", stdin=busybox(f"{name}:1", extra=entries).docker())
    assert outside(engine) == []


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../../../../../../etc/hostname"])
def test_hard_link_to_the_host(docker: Client, name: str, target: str) -> None:
    """Hostile tars: a hard link does not reach a file of the host."""
    host = Path("/etc/hostname")
    links = host.stat().st_nlink
    docker("load", stdin=busybox(f"{name}:1", extra=[hardlink("stolen", target)]).docker())
    assert host.stat().st_nlink == links


def test_whiteout_of_the_parent(docker: Client, engine: Engine, name: str) -> None:
    """Hostile tars: a whiteout named ``..`` removes nothing outside."""
    docker(
        "load",
        stdin=busybox(f"{name}:1", extra=[Entry(".wh..."), Entry(".wh...", b""), Entry("d/.wh...")]).docker(),
    )
    assert docker.ok("run", "--rm", "busybox", "echo", "whole") == "whole"


def test_wrong_digest(docker: Client, name: str, nothing_made: None) -> None:
    """Hostile archives: a layer that is not what its configuration says."""
    good = busybox(f"{name}:1", extra=[Entry("good", name.encode())])
    data = good.docker().replace(
        good.layers[1], pack([Entry("evil", name.encode())]).ljust(len(good.layers[1]), b"\0")
    )
    result = docker("load", stdin=data)
    assert result.code == 1


def test_truncated(docker: Client, name: str, nothing_made: None) -> None:
    """Hostile archives: cut off in a layer."""
    data = busybox(f"{name}:1", extra=[Entry("own", name.encode() * 1000)]).docker()
    result = docker("load", stdin=data[: len(data) // 2])
    assert result.code == 1


@pytest.mark.parametrize(
    "manifest",
    [
        b"{",
        b"{}",
        b'[{"Config": "no-such.json", "RepoTags": ["x:1"], "Layers": []}]',
        b'[{"Config": "../../../../etc/passwd", "RepoTags": ["x:1"], "Layers": []}]',
        b'[{"Config": "/etc/passwd", "RepoTags": ["x:1"], "Layers": []}]',
        b'[{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["../../../../etc/passwd"]}]',
        b'[{"Config": "config.json", "RepoTags": ["x:1"], "Layers": []}]',
        b'[{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["layer.tar", "layer.tar"]}]',
        b'[{"Config": "junk.json", "RepoTags": ["x:1"], "Layers": ["layer.tar"]}]',
    ],
)
def test_manifests_that_lie(docker: Client, nothing_made: None, manifest: bytes) -> None:
    """Hostile archives: broken manifests, files that are not there, paths that lead out, counts that
    differ."""
    image = ImageArchive((), (busybox_layer(),))
    entries = [
        Entry("config.json", image.configuration()),
        Entry("junk.json", b"not json"),
        Entry("layer.tar", busybox_layer()),
        Entry("manifest.json", manifest),
    ]
    assert docker("load", stdin=pack(entries)).code == 1


def test_bad_name_in_the_manifest(docker: Client, engine: Engine) -> None:
    """Hostile archives: a name that is no name; 20.10 refuses it only after it has made the image."""
    before = set(docker.ok("images", "-aq").split())
    assert docker("load", stdin=busybox("UPPER:1", extra=[Entry("u", b"u")]).docker()).code == 1
    made = set(docker.ok("images", "-aq").split()) - before
    assert len(made) == expect(engine, dockerd=1, berthd=0)


def test_manifest_behind_a_link(docker: Client, nothing_made: None, tmp_path: Path) -> None:
    """Hostile archives: the archive's own members are no way out either."""
    (tmp_path / "manifest.json").write_text("[]")
    docker("load", stdin=pack([symlink("x", str(tmp_path)), Entry("x/planted", b"x")]))
    assert [one.name for one in tmp_path.iterdir()] == ["manifest.json"]


def test_huge_size_in_a_header(docker: Client, name: str, nothing_made: None) -> None:
    """Hostile archives: a header that claims an exabyte is not believed."""
    data = bytearray(pack([directory("d"), Entry("d/f", b"x" * 100)]))
    block = data.index(b"d/f")
    data[block + 124 : block + 136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    total = bytes(data[block : block + 148]) + b" " * 8 + bytes(data[block + 156 : block + 512])
    data[block + 148 : block + 156] = b"%06o\0 " % sum(total)
    layer = bytes(data)
    image = ImageArchive((f"{name}:1",), (busybox_layer(), layer), {"Cmd": ["sh"]})
    assert docker("load", stdin=image.docker()).code == 1


def test_oci_blob_that_lies(docker: Client, engine: Engine, name: str, nothing_made: None) -> None:
    """Hostile archives: in an OCI layout each blob must be what its name says."""
    good = busybox(f"{name}:1", extra=[Entry("own", name.encode())])
    layer = digest(good.layers[1])[7:]
    other = json.dumps({"not": "the layer"}).encode()
    data = good.oci(compress=False).replace(good.layers[1], other.ljust(len(good.layers[1]), b" "))
    assert layer.encode() in data
    assert docker("load", stdin=data).code == 1
