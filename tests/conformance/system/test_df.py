"""docker system df (A3.13)."""

from pathlib import Path
from typing import Any

from tests.support.cli import Client
from tests.support.engines import OwnEngine


def rows(docker: Client) -> dict[str, list[str]]:
    form = "{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}"
    lines = docker.ok("system", "df", "--format", form).splitlines()
    return {line.split("|")[0]: line.split("|")[1:] for line in lines}


def test_table(docker: Client) -> None:
    """A3.13: five columns, four rows."""
    lines = docker.ok("system", "df").splitlines()
    assert lines[0].split() == ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "Images", "Containers", "Local Volumes", "Build Cache",
    ]  # fmt: skip


def test_sizes(own_engine: OwnEngine, client_command: str, tmp_path: Path) -> None:
    """A3.13: what is counted, what is active, what could be freed; shared layers count once."""
    docker = Client(client_command, own_engine.host, tmp_path)
    assert rows(docker)["Containers"] == ["0", "0", "0B", "0B"]
    size = own_engine.api.get("/system/df").json()["LayersSize"]
    script = "echo 1234 > /x; echo 12 > /v/y"
    docker.ok("run", "--name", "gone", "-v", "vol:/v", "busybox", "sh", "-c", script)
    docker.ok("run", "-d", "--name", "runs", "busybox", "sh", "-c", "echo 1 > /x; sleep 300")
    docker.ok("exec", "runs", "sh", "-c", "until test -s /x; do usleep 10000; done")
    docker.ok("commit", "gone", "made:1")
    docker.ok("volume", "create", "unused")
    found = rows(docker)
    assert found["Images"][:2] == ["2", "1"]
    assert found["Containers"] == ["2", "1", "7B", "5B (71%)"]
    assert found["Local Volumes"] == ["2", "1", "3B", "0B (0%)"]
    assert found["Build Cache"] == ["0", "0", "0B", "0B"]
    usage: dict[str, Any] = own_engine.api.get("/system/df").json()
    assert usage["LayersSize"] == size + 5
    images = {image["RepoTags"][0]: image for image in usage["Images"]}
    assert (images["made:1"]["Size"], images["made:1"]["SharedSize"]) == (size + 5, size)
    assert images["made:1"]["Containers"] == 0
    assert (images["busybox:latest"]["Size"], images["busybox:latest"]["SharedSize"]) == (size, size)
    assert images["busybox:latest"]["Containers"] == 2
    containers = {row["Names"][0]: row for row in usage["Containers"]}
    assert containers["/gone"]["SizeRw"] == 5
    assert containers["/gone"]["SizeRootFs"] == size + 5
    volumes = {volume["Name"]: volume["UsageData"] for volume in usage["Volumes"]}
    assert volumes == {"vol": {"RefCount": 1, "Size": 3}, "unused": {"RefCount": 0, "Size": 0}}


def test_details(docker: Client, name: str) -> None:
    """A3.13: -v lists every object."""
    docker.ok("run", "--name", name, "-v", f"{name}:/v", "busybox", "sh", "-c", "echo 12 > /v/y")
    output = docker.ok("system", "df", "-v")
    for title in (
        "Images space usage:", "Containers space usage:", "Local Volumes space usage:",
        "Build cache usage: ",
    ):  # fmt: skip
        assert title in output
    volume = next(line.split() for line in output.splitlines() if line.startswith(f"{name} "))
    assert volume == [name, "1", "3B"]
