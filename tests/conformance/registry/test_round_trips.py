"""Images that travel: made by Docker, Podman and buildah, changed by berth, run by all of them.

All through Debian's registry, in the network of berthd; each tool has a store of its own.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.registry.conftest import Registry
from tests.support.cli import Client
from tests.support.engines import Engine, OwnEngine, missing_parts
from tests.support.images import busybox, busybox_layer
from tests.support.peers import Buildah, Podman, peer_store

DOCKERFILE = """FROM scratch
ADD rootfs.tar /
COPY made /from-builder
ENV COLOUR=green SHAPE="two words"
LABEL maker=tests
WORKDIR /srv/place
EXPOSE 8080/udp
VOLUME /data
USER demo
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /from-builder"]
"""
SHOWN = "{{json .Config.Env}}{{json .Config.WorkingDir}}{{json .Config.User}}{{json .Config.Entrypoint}}"
INSECURE = "--tls-verify=false"


class Guest(OwnEngine):
    """A dockerd in the network of another engine, of which it uses nothing but loopback."""

    def __init__(self, host: Engine) -> None:
        super().__init__("dockerd")
        self._own = self.namespace
        self.namespace = host.namespace

    def argv(self) -> list[str]:
        return [*super().argv(), "--bridge=none", "--iptables=false", "--ip-forward=false"]

    def close(self) -> None:
        if self.process is not None:
            self.stop()
        self.namespace = self._own
        super().close()


@pytest.fixture(scope="module")
def berthd(engine: Engine) -> Engine:
    if engine.is_dockerd:
        pytest.skip("the round trips are berth's; dockerd is a station of them")
    return engine


@pytest.fixture(scope="module")
def dockerd(berthd: Engine) -> Iterator[Engine]:
    if reason := missing_parts("dockerd"):
        pytest.skip(reason)
    peer = Guest(berthd)
    try:
        peer.start()
        yield peer
    finally:
        peer.close()


@pytest.fixture
def dockers(dockerd: Engine, client_command: str, tmp_path: Path) -> Client:
    return Client(client_command, dockerd.host, tmp_path / "dockers")


@pytest.fixture
def podman(berthd: Engine) -> Iterator[Podman]:
    with peer_store() as folder:
        yield Podman(folder, berthd.namespace)


@pytest.fixture
def buildah(berthd: Engine) -> Iterator[Buildah]:
    with peer_store() as folder:
        yield Buildah(folder, berthd.namespace)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """What every builder gets; the random file makes the layers new to the registry."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "rootfs.tar").write_bytes(busybox_layer())
    (folder / "made").write_text(f"made {os.urandom(8).hex()}\n")
    return folder


def digest_of(docker: Client, name: str) -> str:
    """The digest of the manifest that the engine knows the image by in the registry of the name."""
    repository = name.rpartition(":")[0]
    found = json.loads(docker.ok("inspect", "-f", "{{json .RepoDigests}}", name))
    return str(next(one for one in found if one.startswith(f"{repository}@")).rpartition("@")[2])


def raw(engine: Engine, name: str) -> dict[str, Any]:
    """The manifest as the registry has it."""
    assert engine.namespace is not None
    host, _, path = name.partition("/")
    repository, _, tag = path.rpartition(":")
    kinds = (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
    )
    accept = [word for kind in kinds for word in ("-H", f"Accept: {kind}")]
    url = f"http://{host}/v2/{repository}/manifests/{tag}"
    command = engine.namespace.command("curl", "-sf", *accept, url)
    done = subprocess.run(command, check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def onward(docker: Client, name: str, context: Path, container: str) -> str:
    """What berth does with an image of somebody else: pull, run, commit, push; the name of what it pushed."""
    docker.ok("pull", "-q", name)
    made = (context / "made").read_text().strip()
    assert docker.ok("run", "--name", container, name) == made
    docker.ok("cp", "-q", str(context / "Dockerfile"), f"{container}:/srv/place/added")
    target = f"{name}-onward"
    docker.ok("commit", "-c", "LABEL onward=yes", container, target)
    docker.ok("push", "-q", target)
    docker.ok("rm", "-v", container)
    return target


def check_onward(engine: Engine, docker: Client, name: str, target: str) -> None:
    """Pushing again what was pulled changes nothing; the new image has the old one's layers as they came."""
    source, changed = raw(engine, name), raw(engine, target)
    assert (
        changed["layers"][: len(source["layers"])] != []
        and len(changed["layers"]) == len(source["layers"]) + 1
    )
    assert [one["digest"] for one in changed["layers"][:-1]] == [one["digest"] for one in source["layers"]]
    again = f"{name}-again"
    docker.ok("tag", name, again)
    docker.ok("push", "-q", again)
    assert digest_of(docker, again) == digest_of(docker, name)
    assert raw(engine, again) == source
    assert docker.ok("inspect", "-f", SHOWN, target) == docker.ok("inspect", "-f", SHOWN, name)


def build_with_docker(dockers: Client, context: Path, name: str) -> None:
    done = dockers("build", "-q", "-t", name, str(context), env={"DOCKER_BUILDKIT": "0"})
    assert done.code == 0, done
    dockers.ok("push", "-q", name)


def test_from_docker(
    berthd: Engine, docker: Client, dockers: Client, plain: Registry, context: Path, name: str
) -> None:
    image = f"{plain.host}/trip/docker:v1"
    build_with_docker(dockers, context, image)
    target = onward(docker, image, context, name)
    check_onward(berthd, docker, image, target)
    assert digest_of(docker, image) == digest_of(dockers, image)
    assert docker.ok("inspect", "-f", "{{.Id}}", image) == dockers.ok("inspect", "-f", "{{.Id}}", image)
    dockers.ok("pull", "-q", target)
    assert dockers.ok("inspect", "-f", "{{.Id}}", target) == docker.ok("inspect", "-f", "{{.Id}}", target)
    made = (context / "made").read_text().strip()
    seen = dockers.ok("run", "--rm", target, "cat /from-builder; pwd; id -un; head -1 added").splitlines()
    assert seen == [made, "/srv/place", "demo", "FROM scratch"]


@pytest.mark.long
def test_to_podman(
    berthd: Engine, docker: Client, dockers: Client, podman: Podman, plain: Registry, context: Path, name: str
) -> None:
    image = f"{plain.host}/trip/topodman:v1"
    build_with_docker(dockers, context, image)
    target = onward(docker, image, context, name)
    podman.ok("pull", "-q", INSECURE, target)
    assert podman.ok("inspect", "-f", "{{.Id}}", target) == docker.ok("inspect", "-f", "{{.Id}}", target)[7:]
    assert podman.ok("inspect", "-f", "{{.Digest}}", target) == digest_of(docker, target)
    assert podman.run(target, "pwd; head -1 added") == "/srv/place\nFROM scratch"


@pytest.mark.parametrize("form", ["oci", pytest.param("docker", marks=pytest.mark.long)])
def test_from_podman(
    berthd: Engine, docker: Client, podman: Podman, plain: Registry, context: Path, name: str, form: str
) -> None:
    image = f"{plain.host}/trip/podman-{form}:v1"
    podman.ok("build", "-q", "--format", form, "--network=none", "-t", image, str(context))
    podman.ok("push", "-q", INSECURE, image)
    target = onward(docker, image, context, name)
    check_onward(berthd, docker, image, target)
    assert f"sha256:{podman.ok('inspect', '-f', '{{.Id}}', image)}" == docker.ok(
        "inspect", "-f", "{{.Id}}", image
    )
    podman.ok("pull", "-q", INSECURE, target)
    assert podman.run(target, "cat /from-builder") == (context / "made").read_text().strip()


@pytest.mark.long
@pytest.mark.parametrize("form", ["oci", "docker"])
def test_from_buildah_to_docker(
    berthd: Engine,
    docker: Client,
    dockers: Client,
    buildah: Buildah,
    plain: Registry,
    context: Path,
    name: str,
    form: str,
) -> None:
    image = f"{plain.host}/trip/buildah-{form}:v1"
    buildah.ok("build", "-q", "--format", form, "--network=none", "-t", image, str(context))
    buildah.ok("push", "-q", INSECURE, image)
    target = onward(docker, image, context, name)
    check_onward(berthd, docker, image, target)
    dockers.ok("pull", "-q", target)
    assert dockers.ok("run", "--rm", target) == (context / "made").read_text().strip()


def test_archives_in_both_directions(
    docker: Client, dockers: Client, dockerd: Engine, tmp_path: Path
) -> None:
    """``save`` of one is ``load`` of the other, with the same ids."""
    image = busybox("trip-archive:1", Labels={"salt": os.urandom(4).hex()})
    dockerd.load(image)
    archive = tmp_path / "archive.tar"
    dockers.ok("save", "-o", str(archive), "trip-archive:1")
    assert docker.ok("load", "-i", str(archive)) == "Loaded image: trip-archive:1"
    assert docker.ok("inspect", "-f", "{{.Id}}", "trip-archive:1") == image.id
    docker.ok("tag", "trip-archive:1", "trip-archive:2")
    docker.ok("save", "-o", str(archive), "trip-archive:1", "trip-archive:2")
    dockers.ok("rmi", "trip-archive:1")
    loaded = dockers.ok("load", "-i", str(archive)).splitlines()
    assert sorted(loaded) == ["Loaded image: trip-archive:1", "Loaded image: trip-archive:2"]
    assert dockers.ok("inspect", "-f", "{{.Id}}", "trip-archive:2") == image.id
    assert dockers.ok("run", "--rm", "trip-archive:2", "echo", "hi") == "hi"
