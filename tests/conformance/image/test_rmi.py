"""docker rmi (A3.6)."""

import re

from tests.support.archive import Entry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.images import busybox


def own_image(engine: Engine, name: str) -> str:
    """An image that nobody else uses; its id."""
    image = busybox(f"{name}:1", extra=[Entry("own", name.encode())])
    engine.load(image)
    return image.id


def test_untagged_and_deleted(docker: Client, engine: Engine, name: str) -> None:
    """A3.6: both lines, and the layer that is only its own."""
    full = own_image(engine, name)
    result = docker("rmi", f"{name}:1")
    assert result.code == 0
    assert result.lines[:2] == [f"Untagged: {name}:1", f"Deleted: {full}"]
    assert all(re.fullmatch("Deleted: sha256:[0-9a-f]{64}", line) for line in result.lines[2:])
    assert docker("inspect", full).code == 1
    assert docker.ok("run", "--rm", "busybox", "echo", "base is intact") == "base is intact"


def test_another_tag_remains(docker: Client, engine: Engine, name: str) -> None:
    """A3.6: only Untagged."""
    full = own_image(engine, name)
    docker.ok("tag", f"{name}:1", f"{name}:2")
    assert docker("rmi", f"{name}:1") == (0, f"Untagged: {name}:1\n", "")
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:2") == full


def test_used_by_a_stopped_container(docker: Client, engine: Engine, name: str) -> None:
    """A3.6: the last tag: conflict, "must force", with the container's id; -f untags and keeps what is
    used."""
    own_image(engine, name)
    container = docker.ok("create", "--name", name, f"{name}:1")
    result = docker("rmi", f"{name}:1")
    assert result.code == 1
    assert re.search(
        rf'conflict: unable to remove repository reference "{name}:1" \(must force\) - '
        rf"container {container[:12]} is using its referenced image [0-9a-f]{{12}}",
        result.err,
    )
    forced = docker("rmi", "-f", f"{name}:1")
    assert forced.code == 0
    assert f"Untagged: {name}:1" in forced.out


def test_by_id_of_a_running_one(docker: Client, engine: Engine, name: str) -> None:
    """A3.6: "cannot be forced"."""
    full = own_image(engine, name)
    container = docker.ok("run", "-d", "--name", name, f"{name}:1", "sleep", "300")
    result = docker("rmi", "-f", full)
    assert result.code == 1
    assert (
        f"conflict: unable to delete {full[7:19]} (cannot be forced) - image is "
        f"being used by running container {container[:12]}" in result.err
    )
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_by_id_with_several_tags(docker: Client, engine: Engine, name: str) -> None:
    """A3.6: an id with tags in two repositories must be forced; then all go."""
    full = own_image(engine, name)
    docker.ok("tag", f"{name}:1", f"{name}-other:1")
    result = docker("rmi", full)
    assert result.code == 1
    assert (
        f"unable to delete {full[7:19]} (must be forced) - image is referenced in multiple repositories"
        in result.err
    )
    assert {f"Untagged: {name}:1", f"Untagged: {name}-other:1", f"Deleted: {full}"} <= set(
        docker("rmi", "-f", full).lines
    )


def test_unknown(docker: Client) -> None:
    """A3.6: exit 1; -f only says so."""
    text = "Error response from daemon: No such image: no-such:latest\n"
    assert docker("rmi", "no-such") == (1, "", text)
    assert docker("rmi", "-f", "no-such") == (0, "", text)


def test_several(docker: Client, name: str) -> None:
    """A3.6: the good ones go."""
    docker.ok("tag", "busybox", f"{name}:1")
    result = docker("rmi", "no-such", f"{name}:1")
    assert (result.code, result.out) == (1, f"Untagged: {name}:1\n")


def test_shared_layers_stay(docker: Client, engine: Engine, name: str) -> None:
    """A3.6: removing one of two images with a common base leaves the other whole."""
    own_image(engine, name)
    engine.load(busybox(f"{name}-two:1", extra=[Entry("own", name.encode()), Entry("more", b"2")]))
    docker.ok("rmi", f"{name}:1")
    assert docker.ok("run", "--rm", f"{name}-two:1", "cat", "/own", "/more") == f"{name}2"
