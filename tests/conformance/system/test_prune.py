"""docker container, volume, network, builder and system prune (A3.13), and their slip "purge" (A3.12)."""

import time
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import OwnEngine
from tests.support.events import past_events
from tests.support.http import Api

SURE = "Are you sure you want to continue? [y/N] "


def stopped(docker: Client, name: str, *flags: str, script: str = "echo 12345 > /x") -> str:
    """A container that has run; its id."""
    docker.ok("run", "--name", name, *flags, "busybox", "sh", "-c", script)
    return docker.ok("inspect", "-f", "{{.Id}}", name)


def reclaimed(api: Api, kind: str) -> list[str]:
    return [e["Actor"]["Attributes"]["reclaimed"] for e in past_events(api, type=[kind], event=["prune"])]


def test_containers(docker: Client, api: Api, name: str) -> None:
    """A3.13: stopped ones go, running and paused ones stay."""
    gone = stopped(docker, f"{name}-gone")
    docker.ok("run", "-d", "--name", f"{name}-runs", "busybox", "sleep", "300")
    docker.ok("run", "-d", "--name", f"{name}-paused", "busybox", "sleep", "300")
    docker.ok("pause", f"{name}-paused")
    warning = "WARNING! This will remove all stopped containers.\n"
    assert docker("container", "prune", stdin="n\n") == (0, warning + SURE, "")
    done = f"Deleted Containers:\n{gone}\n\nTotal reclaimed space: 6B\n"
    assert docker("container", "prune", stdin="y\n") == (0, warning + SURE + done, "")
    names = docker.ok("ps", "-a", "--filter", f"name={name}", "--format", "{{.Names}}").splitlines()
    assert sorted(names) == [f"{name}-paused", f"{name}-runs"]
    assert reclaimed(api, "container")[-1] == "6"
    assert docker.ok("container", "prune", "-f") == "Total reclaimed space: 0B"


def test_container_filters(docker: Client, name: str) -> None:
    """A3.13: label, label! and until."""
    one = stopped(docker, f"{name}-1", "--label", "keep=no")
    two = stopped(docker, f"{name}-2", "--label", "keep=yes")
    nothing = "Total reclaimed space: 0B"
    assert docker.ok("container", "prune", "-f", "--filter", "until=1h") == nothing
    assert docker.ok("container", "prune", "-f", "--filter", "label=keep=maybe") == nothing
    assert one in docker.ok("container", "prune", "-f", "--filter", "label=keep=no")
    assert docker.ok("container", "prune", "-f", "--filter", "label!=keep") == nothing
    later = f"until={int(time.time()) + 3600}"
    assert two in docker.ok("container", "prune", "-f", "--filter", "label!=other", "--filter", later)


@pytest.mark.parametrize("kind", ["containers", "networks"])
def test_bad_filters(api: Api, kind: str) -> None:
    """A3.13: Docker's words."""
    reply = api.post(f"/{kind}/prune", filters={"until": ["xx"]})
    assert reply.status in (400, 500)
    assert reply.message == 'failed to parse value as time or duration: "xx"'
    reply = api.post(f"/{kind}/prune", filters={"foo": ["x"]})
    assert reply.status in (400, 500)
    assert "invalid filter 'foo'" in reply.message.lower()


def test_volumes_of_old_clients(docker: Client, api: Api, name: str) -> None:
    """A3.13: before API 1.42 every unused volume goes; used ones stay."""
    docker.ok("volume", "create", f"{name}-free")
    docker.ok("volume", "create", f"{name}-used")
    docker.ok("create", "--name", name, "-v", f"{name}-used:/v", "busybox")
    report = api.at("1.41").post("/volumes/prune").json()
    assert f"{name}-free" in report["VolumesDeleted"]
    assert f"{name}-used" not in report["VolumesDeleted"]
    assert reclaimed(api, "volume")[-1] == "0"


def test_volumes(docker: Client, api: Api, name: str) -> None:
    """A3.13: from API 1.42 on only anonymous ones, unless all=1 (read in the API's description)."""
    anonymous = api.post("/volumes/create", {}).json()["Name"]
    docker.ok("volume", "create", f"{name}-named")
    docker.ok("run", "--rm", "-v", f"{anonymous}:/v", "busybox", "sh", "-c", "echo 123 > /v/x")
    if api.get("/version").json()["ApiVersion"] < "1.42":
        pytest.skip("this engine speaks an older API")
    report = api.post("/volumes/prune").json()
    assert report == {"VolumesDeleted": [anonymous], "SpaceReclaimed": 4}
    report = api.post("/volumes/prune", filters={"all": ["1"], "label": ["no"]}).json()
    assert not report["VolumesDeleted"]
    report = api.post("/volumes/prune", filters={"all": ["1"]}).json()
    assert report["VolumesDeleted"] == [f"{name}-named"]


def test_networks(docker: Client, name: str) -> None:
    """A3.13: networks of the user that no container refers to."""
    docker.ok("network", "create", f"{name}-free")
    docker.ok("network", "create", f"{name}-used")
    docker.ok("run", "-d", "--name", name, "--network", f"{name}-used", "busybox", "sleep", "300")
    warning = "WARNING! This will remove all custom networks not used by at least one container.\n"
    assert docker("network", "prune", stdin="n\n") == (0, warning + SURE, "")
    assert docker("network", "prune", "-f") == (0, f"Deleted Networks:\n{name}-free\n\n", "")
    assert docker("network", "prune", "-f") == (0, "", "")
    names = docker.ok("network", "ls", "--format", "{{.Name}}").splitlines()
    assert {"bridge", "host", "none", f"{name}-used"} <= set(names)


def test_builder(api: Api) -> None:
    """A3.13: the build cache can be emptied; what builds of a moment ago brought may stay a little."""
    reply = api.post("/build/prune", all=True)
    assert reply.status == 200
    assert set(reply.json()) == {"CachesDeleted", "SpaceReclaimed"}


def test_everything(own_engine: OwnEngine, client_command: str, tmp_path: Path) -> None:
    """A3.13: system prune lists what it will do, and reports in blocks."""
    docker = Client(client_command, own_engine.host, tmp_path)
    container = stopped(docker, "gone")
    docker.ok("network", "create", "net")
    image = docker.ok("commit", "gone")
    lines = [
        "WARNING! This will remove:", "  - all stopped containers",
        "  - all networks not used by at least one container", "  - all dangling images",
        "  - unused build cache", "", SURE,
    ]  # fmt: skip
    assert docker("system", "prune", stdin="n\n") == (0, "\n".join(lines), "")
    output = docker.ok("system", "prune", "-f")
    assert f"Deleted Containers:\n{container}\n\n" in output
    assert "Deleted Networks:\nnet\n\n" in output
    assert f"deleted: {image}" in output
    assert output.splitlines()[-1].startswith("Total reclaimed space: ")
    docker.ok("volume", "create")
    output = docker.ok("system", "prune", "-a", "-f", "--volumes")
    assert "Deleted Volumes:\n" in output
    assert "untagged: busybox:latest" in output
    assert docker.ok("system", "prune", "-a", "-f", "--volumes") == "Total reclaimed space: 0B"


@pytest.mark.parametrize("subject", ["container", "image"])
def test_purge_deletes_nothing(docker: Client, name: str, subject: str) -> None:
    """A3.12: the slip of a seed is refused."""
    stopped(docker, name)
    code, output, error = docker(subject, "purge")
    assert code == 1
    assert f"unknown command: docker {subject} purge" in (output + error).replace("berth ", "docker ")
    assert docker("inspect", name).code == 0
