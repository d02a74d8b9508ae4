"""docker image prune (A3.13)."""

import time
from pathlib import Path

from tests.support.cli import Client
from tests.support.engines import OwnEngine
from tests.support.events import past_events
from tests.support.http import Api

SURE = "Are you sure you want to continue? [y/N] "
ALL = "WARNING! This will remove all images without at least one container associated to them.\n"


def dangling(docker: Client, name: str, *flags: str, text: str = "x") -> str:
    """An image without a name, 2 bytes larger than its base per letter of ``text``; its id."""
    docker.ok("run", "--name", name, "busybox", "sh", "-c", f"echo {text} > /{name}")
    image = docker.ok("commit", *flags, name)
    docker.ok("rm", name)
    return image


def test_question(docker: Client, name: str) -> None:
    """A3.13: anything but y removes nothing, without a word, exit 0."""
    image = dangling(docker, name)
    warning = "WARNING! This will remove all dangling images.\n"
    assert docker("image", "prune", stdin="n\n") == (0, warning + SURE, "")
    assert docker("image", "prune", "-a", stdin="n\n") == (0, ALL + SURE, "")
    assert docker("image", "inspect", image).code == 0


def test_dangling(docker: Client, api: Api, name: str) -> None:
    """A3.13: images without a name go, with what they alone had; named ones stay."""
    image = dangling(docker, name)
    before = docker.ok("images", "-q", "--filter", "dangling=false")
    output = docker.ok("image", "prune", "-f").splitlines()
    assert output[0] == "Deleted Images:"
    assert f"deleted: {image}" in output
    assert output[-2:] == ["", "Total reclaimed space: 2B"]
    assert set(docker.ok("images", "-q", "--filter", "dangling=false").split()) == set(before.split())
    assert docker.ok("image", "prune", "-f") == "Total reclaimed space: 0B"
    last = past_events(api, type=["image"], event=["prune"])[-1]
    assert last["Actor"]["Attributes"] == {"reclaimed": "0"}


def test_used_ones_stay(docker: Client, name: str) -> None:
    """A3.13: an image that a container is made of is needed, with or without a name."""
    image = dangling(docker, name)
    docker.ok("create", "--name", name, image)
    assert docker.ok("image", "prune", "-f") == "Total reclaimed space: 0B"


def test_filters(docker: Client, name: str) -> None:
    """A3.13: label, label! and until."""
    image = dangling(docker, name, "-c", "LABEL stage=old")
    nothing = "Total reclaimed space: 0B"
    assert docker.ok("image", "prune", "-f", "--filter", "label=stage=new") == nothing
    assert docker.ok("image", "prune", "-f", "--filter", "label!=stage") == nothing
    assert docker.ok("image", "prune", "-f", "--filter", "until=1h") == nothing
    later = str(int(time.time()) + 3600)
    output = docker.ok("image", "prune", "-f", "--filter", "label=stage", "--filter", f"until={later}")
    assert f"deleted: {image}" in output


def test_bad_filters(api: Api) -> None:
    """A3.13: Docker's words."""
    for filters, text in (
        ({"until": ["xx"]}, 'failed to parse value as time or duration: "xx"'),
        ({"until": ["10h", "11h"]}, "more than one until filter specified"),
    ):
        reply = api.post("/images/prune", filters=filters)
        assert reply.status in (400, 500)
        assert reply.message == text
    assert "invalid filter 'foo'" in api.post("/images/prune", filters={"foo": ["x"]}).message.lower()


def test_all(own_engine: OwnEngine, client_command: str, tmp_path: Path) -> None:
    """A3.13: -a takes every image without a container, and says names and ids."""
    docker = Client(client_command, own_engine.host, tmp_path)
    docker.ok("create", "--name", "user", "busybox")
    docker.ok("run", "--name", "made", "busybox", "touch", "/x")
    image = docker.ok("commit", "made", "gone:1")
    docker.ok("rm", "made")
    output = docker.ok("image", "prune", "-a", "-f").splitlines()
    assert {"untagged: gone:1", f"deleted: {image}"} <= set(output)
    assert "untagged: busybox:latest" not in output
    docker.ok("rm", "user")
    output = docker.ok("image", "prune", "-af").splitlines()
    assert output[0] == "Deleted Images:"
    assert "untagged: busybox:latest" in output
    assert output[-1].startswith("Total reclaimed space: ")
    assert not output[-1].endswith(": 0B")
    assert docker.ok("images", "-aq") == ""
