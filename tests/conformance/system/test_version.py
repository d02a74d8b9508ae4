"""docker version (A7 version)."""

import json

from tests.support.cli import Client
from tests.support.http import Api


def test_blocks(docker: Client) -> None:
    """A7 version: Client and Server blocks."""
    out = docker.ok("version")
    client, server = out.split("\n\nServer")
    for field in ("Version:", "API version:", "Go version:", "Git commit:", "Built:", "OS/Arch:", "Context:"):
        assert field in client
    for field in ("Engine:", "Version:", "API version:", "OS/Arch:"):
        assert field in server


def test_formats(docker: Client) -> None:
    """A7 version: --format with a template and json."""
    assert docker.ok("version", "--format", "{{.Server.Version}}")
    assert {"Client", "Server"} <= set(json.loads(docker.ok("version", "--format", "json")))


def test_fields_of_the_api(api: Api) -> None:
    """C1: what clients read."""
    answer = api.get("/version").json()
    assert {"ApiVersion", "MinAPIVersion", "Version", "Os", "Arch", "KernelVersion", "Components"} <= set(
        answer
    )
    assert (answer["Os"], answer["Arch"]) == ("linux", "amd64")
    engine, *programs = answer["Components"]
    assert engine["Name"] == "Engine"
    assert all(one["Version"] and "GitCommit" in one["Details"] for one in programs)
    assert {"crun", "runc"} & {one["Name"] for one in programs}


def test_without_a_server(docker: Client) -> None:
    """A7 version: the client's block, then the complaint; exit 1."""
    result = docker("-H", "unix:///no/such.sock", "version")
    assert result.code == 1
    assert "Client:" in result.out
    assert (
        "Cannot connect to the Docker daemon at unix:///no/such.sock. Is the docker daemon running?"
        in result.err
    )
