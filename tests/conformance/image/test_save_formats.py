"""``image save --format``: archives that skopeo and Podman read, and theirs, read by berth."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.image.test_save import unpacked
from tests.support.cli import Client, own_client
from tests.support.engines import Engine
from tests.support.peers import Podman, peer_store

FORMS = {
    "oci": {"oci-layout", "index.json"},
    "docker": {"manifest.json", "repositories"},
    "": {"oci-layout", "index.json", "manifest.json", "repositories"},
}
SCHEMES = {"oci": "oci-archive", "docker": "docker-archive", "": "docker-archive"}


@pytest.fixture
def berth(engine: Engine, tmp_path: Path) -> Client:
    if engine.is_dockerd:
        pytest.skip("a flag of berth's own")
    return own_client(engine.host, tmp_path / "home")


@pytest.fixture
def podman() -> Iterator[Podman]:
    with peer_store() as folder:
        yield Podman(folder)


def saved(berth: Client, folder: Path, form: str, *images: str) -> Path:
    path = folder / f"{form or 'mixed'}.tar"
    berth.ok("save", *(("--format", form) if form else ()), "-o", str(path), *images)
    return path


def skopeo(*words: str) -> str:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    return subprocess.run(["skopeo", *words], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("form", FORMS)
def test_what_is_in_it(berth: Client, tmp_path: Path, form: str) -> None:
    files = unpacked(saved(berth, tmp_path, form, "fixture-seeded:1").read_bytes())
    known = {"oci-layout", "index.json", "manifest.json", "repositories"}
    assert known & files.keys() == FORMS[form]
    assert all(name.startswith("blobs/sha256/") for name in files.keys() - known) == (form != "docker")


@pytest.mark.parametrize("form", FORMS)
def test_skopeo_reads_it(berth: Client, tmp_path: Path, form: str) -> None:
    path = saved(berth, tmp_path, form, "fixture-seeded:1")
    seen = json.loads(skopeo("inspect", "--config", f"{SCHEMES[form]}:{path}"))
    wanted = berth.ok("inspect", "-f", "{{json .RootFS.Layers}}", "fixture-seeded:1")
    assert seen["rootfs"]["diff_ids"] == json.loads(wanted)


@pytest.mark.parametrize("form", FORMS)
def test_podman_loads_and_runs_it(berth: Client, podman: Podman, tmp_path: Path, form: str) -> None:
    podman.ok("load", "-i", str(saved(berth, tmp_path, form, "fixture-seeded:1")))
    full = berth.ok("inspect", "-f", "{{.Id}}", "fixture-seeded:1")
    assert podman.ok("images", "--no-trunc", "--format", "{{.ID}}").splitlines() == [full]
    assert podman.run(full, "cat", "/data/from-image") == "kept"


def test_one_of_several_by_its_name(berth: Client, tmp_path: Path) -> None:
    path = saved(berth, tmp_path, "oci", "fixture-user:1", "fixture-env:1")
    target = tmp_path / "layout"
    skopeo("copy", "-q", f"oci-archive:{path}:docker.io/library/fixture-env:1", f"oci:{target}:x")
    (entry,) = json.loads((target / "index.json").read_text())["manifests"]
    manifest = json.loads((target / "blobs/sha256" / entry["digest"][7:]).read_text())
    assert manifest["config"]["digest"] == berth.ok("inspect", "-f", "{{.Id}}", "fixture-env:1")


@pytest.mark.parametrize("form", FORMS)
def test_there_and_back(berth: Client, tmp_path: Path, name: str, form: str) -> None:
    berth.ok("tag", "fixture-env:1", f"{name}:1")
    path = saved(berth, tmp_path, form, f"{name}:1", "fixture-seeded:1")
    berth.ok("rmi", f"{name}:1")
    loaded = berth.ok("load", "-i", str(path)).splitlines()
    assert sorted(loaded) == sorted(["Loaded image: fixture-seeded:1", f"Loaded image: {name}:1"])
    full = berth.ok("inspect", "-f", "{{.Id}}", "fixture-env:1")
    assert berth.ok("inspect", "-f", "{{.Id}}", f"{name}:1") == full


@pytest.mark.parametrize("scheme", ["docker-archive", "oci-archive"])
def test_what_skopeo_writes_is_loaded(berth: Client, tmp_path: Path, name: str, scheme: str) -> None:
    ours, theirs = saved(berth, tmp_path, "", "fixture-seeded:1"), tmp_path / "theirs.tar"
    skopeo("copy", "-q", f"docker-archive:{ours}", f"{scheme}:{theirs}:{name}:7")
    assert berth.ok("load", "-i", str(theirs)) == f"Loaded image: {name}:7"
    assert berth.ok("run", "--rm", f"{name}:7", "cat", "/data/from-image") == "kept"
    layers = [berth.ok("inspect", "-f", "{{.RootFS.Layers}}", i) for i in (f"{name}:7", "fixture-seeded:1")]
    assert layers[0] == layers[1]


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_what_podman_saves_is_loaded(berth: Client, podman: Podman, tmp_path: Path, form: str) -> None:
    podman.ok("load", "-i", str(saved(berth, tmp_path, "", "fixture-seeded:1")))
    image = podman.ok("images", "--format", "{{.ID}}").splitlines()[0]
    podman.ok("tag", image, "from-podman:3")
    theirs = tmp_path / "theirs.tar"
    podman.ok("save", "-q", "--format", form, "-o", str(theirs), "localhost/from-podman:3")
    assert berth.ok("load", "-i", str(theirs)) == "Loaded image: localhost/from-podman:3"
    assert berth.ok("run", "--rm", "localhost/from-podman:3", "cat", "/data/from-image") == "kept"


def test_another_platform(berth: Client, tmp_path: Path) -> None:
    done = berth("save", "--platform", "linux/arm64", "-o", str(tmp_path / "x.tar"), "busybox")
    text = "image with reference busybox was found but does not provide the specified platform (linux/arm64)"
    assert (done.code, done.err) == (1, f"Error response from daemon: {text}\n")
    assert not (tmp_path / "x.tar").exists()
    berth.ok("save", "--platform", "linux/amd64", "-o", str(tmp_path / "x.tar"), "busybox")


def test_a_form_that_is_none(berth: Client) -> None:
    done = berth("save", "--format", "zip", "busybox")
    assert done.code == 125
    assert done.err.startswith('invalid argument "zip" for "--format" flag: must be one of docker, oci\n')
