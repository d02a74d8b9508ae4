"""docker save (A7 save)."""

import hashlib
import io
import json
import tarfile

from tests.support.cli import Client


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}


def test_layout(docker: Client) -> None:
    """A7 save: manifest.json, repositories, the configuration and the layers it names."""
    files = unpacked(docker.binary("save", "fixture-seeded:1").stdout)
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["fixture-seeded:1"]
    config = json.loads(files[entry["Config"]])
    assert len(entry["Layers"]) == 2
    assert [f"sha256:{hashlib.sha256(files[path]).hexdigest()}" for path in entry["Layers"]] == config[
        "rootfs"
    ]["diff_ids"]
    assert json.loads(files["repositories"])["fixture-seeded"].keys() == {"1"}
    digest = "sha256:" + hashlib.sha256(files[entry["Config"]]).hexdigest()
    assert digest == docker.ok("inspect", "-f", "{{.Id}}", "fixture-seeded:1")


def test_several_names_and_ids(docker: Client, name: str) -> None:
    """A7 save: each image once, with all names that were asked for; by id there is no name."""
    docker.ok("tag", "busybox", f"{name}:2")
    both = json.loads(unpacked(docker.binary("save", "busybox", f"{name}:2").stdout)["manifest.json"])
    assert len(both) == 1
    assert set(both[0]["RepoTags"]) == {"busybox:latest", f"{name}:2"}
    full = docker.ok("inspect", "-f", "{{.Id}}", "fixture-user:1")
    (entry,) = json.loads(unpacked(docker.binary("save", full).stdout)["manifest.json"])
    assert not entry["RepoTags"]


def test_to_a_file(docker: Client, tmp_path) -> None:
    """A7 save: -o."""
    assert docker("save", "-o", str(tmp_path / "image.tar"), "busybox") == (0, "", "")
    assert "manifest.json" in unpacked((tmp_path / "image.tar").read_bytes())


def test_there_and_back(docker: Client, engine, name: str) -> None:
    """A7 save, load: the same id comes back, and it runs."""
    docker.ok("tag", "fixture-env:1", f"{name}:1")
    full = docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1")
    data = docker.binary("save", f"{name}:1").stdout
    docker.ok("rmi", f"{name}:1")
    assert docker("load", stdin=data).out == f"Loaded image: {name}:1\n"
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1") == full
    assert docker.ok("run", "--rm", f"{name}:1", "sh", "-c", "echo $COLOUR") == "green"


def test_unknown(docker: Client, tmp_path) -> None:
    """A7 save: an error, exit 1, and no file is left."""
    result = docker("save", "-o", str(tmp_path / "x.tar"), "no-such")
    assert result.code == 1
    assert "No such image: no-such" in result.err or "reference does not exist" in result.err
    assert not (tmp_path / "x.tar").exists() or (tmp_path / "x.tar").stat().st_size == 0


def test_refused_on_a_terminal(docker: Client) -> None:
    """A7 save."""
    with docker.terminal("save", "busybox") as session:
        assert b"terminal" in session.rest().lower()
        assert session.wait() == 1
