"""``manifest``: with dockerd it is Docker's client that talks to the registry, with berthd it is berth's.

Docker's client needs no engine for it; berth's has the daemon do it. What both print, keep and publish is
equal.
"""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.registry.conftest import PASSWORD, USER, Registry
from tests.support.cli import Client, own_client
from tests.support.engines import Engine

LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGE = "application/vnd.docker.distribution.manifest.v2+json"


def dockers(engine: Engine, home: Path) -> Client:
    """Docker's client where it reaches the registry."""
    program = shutil.which("docker")
    if program is None:
        pytest.skip("Docker's client is not installed")
    assert engine.namespace is not None
    return Client(shlex.join(engine.namespace.command(program)), engine.host, home)


@pytest.fixture
def client(engine: Engine, tmp_path: Path) -> Client:
    return dockers(engine, tmp_path) if engine.is_dockerd else own_client(engine.host, tmp_path)


@pytest.fixture
def two(docker: Client, plain: Registry, publish: Callable[[str, str], str]) -> tuple[str, str]:
    """Two images in one repository of the open registry."""
    names = (f"{plain.host}/multi/source:a", f"{plain.host}/multi/source:b")
    for source, name in zip(("fixture-user:1", "fixture-volume:1"), names, strict=True):
        publish(source, name)
    return names


def manifest(client: Client, *words: str) -> str:
    return client.ok("manifest", *words)


def test_from_create_to_push(client: Client, plain: Registry, two: tuple[str, str], request) -> None:
    target = f"{plain.host}/multi/{request.node.callspec.id}:v1"
    assert manifest(client, "create", "--insecure", target, *two) == f"Created manifest list {target}"
    again = client("manifest", "create", target, two[0])
    assert (again.code, again.err) == (
        1,
        "refusing to amend an existing manifest list with no --amend flag\n",
    )
    words = ("--arch", "arm64", "--variant", "v8", "--os-version", "1.2", "--os-features", "x,y")
    assert manifest(client, "annotate", *words, target, two[1]) == ""
    manifest(client, "create", "--insecure", "--amend", target, *two)  # keeps what was written
    first, second = (json.loads(manifest(client, "inspect", "-v", target, name)) for name in two)
    assert first["Descriptor"]["platform"] == {"architecture": "amd64", "os": "linux"}
    assert second["Descriptor"]["platform"] == {
        "architecture": "arm64", "os": "linux", "os.version": "1.2", "os.features": ["x", "y"],
        "variant": "v8",
    }  # fmt: skip
    shown = manifest(client, "inspect", target)
    assert shown.startswith(f'{{\n   "schemaVersion": 2,\n   "mediaType": "{LIST}",\n   "manifests": [')
    lines = manifest(client, "push", "--insecure", "--purge", target).splitlines()
    repository = target.rpartition(":")[0]
    assert lines[:2] == [
        f"Pushed ref {repository}@{one['Descriptor']['digest']} with digest: {one['Descriptor']['digest']}"
        for one in (first, second)
    ]
    assert manifest(client, "inspect", "--insecure", target) == shown
    listed = json.loads(manifest(client, "inspect", "--insecure", "-v", f"{repository}@{lines[2]}"))
    assert [one["Ref"].rpartition("@")[2] for one in listed] == [
        one["Descriptor"]["digest"] for one in (first, second)
    ]
    gone = client("manifest", "push", target)
    assert (gone.code, gone.err) == (1, f"No such manifest: {target}\n")


def test_a_list_is_pulled_like_an_image(
    client: Client, docker: Client, plain: Registry, two: tuple[str, str], request
) -> None:
    target = f"{plain.host}/multi/{request.node.callspec.id}:run"
    manifest(client, "create", "--insecure", target, *two)
    manifest(client, "annotate", "--arch", "s390x", target, two[0])
    manifest(client, "push", "--insecure", target)
    manifest(client, "rm", target)
    assert docker.ok("run", "--rm", target, "cat", "/data/from-image") == "kept"


def test_what_is_shown_of_one_image(client: Client, plain: Registry, two: tuple[str, str]) -> None:
    text = manifest(client, "inspect", "--insecure", two[0])
    shown = json.loads(text)
    assert shown["mediaType"] == IMAGE and text == json.dumps(shown, indent="\t")
    whole = json.loads(manifest(client, "inspect", "--insecure", "--verbose", two[0]))
    assert list(whole) == ["Ref", "Descriptor", "Raw", "SchemaV2Manifest"]
    assert (whole["Ref"], whole["SchemaV2Manifest"]) == (two[0], shown)


def test_slips(client: Client, plain: Registry, two: tuple[str, str]) -> None:
    target = f"{plain.host}/multi/slips:v1"
    manifest(client, "create", "--insecure", target, two[0])
    capitals = "invalid reference format: repository name (multi/Slips) must be lowercase"
    big, absent = target.replace("slips", "Slips"), f"{plain.host}/multi/none:v1"
    for words, text in (
        (("annotate", target, two[0], "--arch", "abacus"), "manifest entry for image has unsupported os/arch "
         "combination: /abacus"),
        (("annotate", target, two[1]), f"manifest for image {two[1]} does not exist in {target}"),
        (("annotate", big, two[0]), f"annotate: error parsing name for manifest list {big}: {capitals}"),
        (("create", big, two[0]), f"error parsing name for manifest list {big}: {capitals}"),
        (("create", "--insecure", f"{target}x", absent), f"no such manifest: {absent}"),
        (("inspect", "--insecure", absent), f"no such manifest: {absent}"),
        (("inspect", target, two[1]), f"No such manifest: {two[1]}"),
        (("rm", absent, big), f"No such manifest: {absent}\n{capitals}"),
        (("push", absent), f"No such manifest: {absent}"),
    ):  # fmt: skip
        done = client("manifest", *words)
        said = [line for line in done.err.splitlines() if not line.startswith("hint: ")]
        assert (done.code, "\n".join(said)) == (1, text), words


def test_one_registry_for_all(client: Client, plain: Registry, two: tuple[str, str]) -> None:
    target = f"localhost:{plain.host.rpartition(':')[2]}/multi/other:v1"
    manifest(client, "create", "--insecure", target, two[0])
    problem = f"cannot use source images from a different registry than the target image: {plain.host} != "
    for verb, prefix in (("push", ""), ("inspect", "failed to assemble ManifestDescriptor: ")):
        done = client("manifest", verb, target)
        assert (done.code, done.err) == (1, f"{prefix}{problem}{target.partition('/')[0]}\n")


def test_passwords(client: Client, docker: Client, logged_in: Registry, publish, request) -> None:
    """A mount needs to read one repository and write to another: both with the kept password."""
    client.ok("login", "-u", USER, "--password-stdin", logged_in.host, stdin=PASSWORD)
    source = f"{logged_in.host}/multi/guarded:v1"
    publish("fixture-env:1", source)
    target = f"{logged_in.host}/multi/{request.node.callspec.id}-guarded:v1"
    manifest(client, "create", "--insecure", target, source)
    assert len(manifest(client, "push", "--insecure", target).splitlines()) == 2
    client.ok("logout", logged_in.host)
    assert client("manifest", "push", "--insecure", target).code == 1


def test_the_clients_share_their_lists(
    engine: Engine, plain: Registry, two: tuple[str, str], tmp_path: Path
) -> None:
    """One client goes on with what the other has begun, and publishes the same bytes."""
    if engine.is_dockerd:
        pytest.skip("berth's client needs berthd for this")
    clients = [own_client(engine.host, tmp_path), dockers(engine, tmp_path)]
    digests = set()
    for number, (one, other) in enumerate((clients, reversed(clients))):
        target = f"{plain.host}/multi/shared:{number}"
        manifest(one, "create", "--insecure", target, *two)
        manifest(other, "annotate", "--variant", "v3", target, two[0])
        assert manifest(one, "inspect", "-v", target) == manifest(other, "inspect", "-v", target)
        digests.add(manifest(one, "push", "--insecure", target).splitlines()[-1])
        digests.add(manifest(other, "push", "--insecure", target).splitlines()[-1])
    assert len(digests) == 1


def test_lists_of_oci(engine: Engine, client: Client, plain: Registry, two: tuple[str, str], request) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    assert engine.namespace is not None
    name = f"{plain.host}/multi/oci:v1"
    words = ["skopeo", "copy", "-q", "--format", "oci", "--src-tls-verify=false", "--dest-tls-verify=false"]
    command = engine.namespace.command(*words, f"docker://{two[0]}", f"docker://{name}")
    subprocess.run(command, check=True, capture_output=True)
    target = f"{plain.host}/multi/{request.node.callspec.id}-oci:v1"
    manifest(client, "create", "--insecure", target, name)
    assert "OCIManifest" in json.loads(manifest(client, "inspect", "-v", target, name))
    manifest(client, "push", "--insecure", "-p", target)
    shown = json.loads(manifest(client, "inspect", "--insecure", target))
    assert shown["mediaType"] == "application/vnd.oci.image.index.v1+json"
