"""Which daemon a command line means: flags, environment, contexts, default (B, discovery)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from berth.cli.cli import Cli, Exit
from berth.cli.context import resolve
from berth.cli.flags import parse
from berth.cli.globals import global_flags
from berth.client.endpoint import DEFAULT_SOCKET, Endpoint
from tests.unit.cli.conftest import Call, FakeDaemon


def chosen(tmp_path: Path, words: str = "", **env: str) -> tuple[Endpoint, bool]:
    cli = Cli("docker", {"HOME": str(tmp_path), **env})
    cli.globals = parse(global_flags("x"), words.split())[0]
    return resolve(cli)


def context(tmp_path: Path, name: str, host: str, **more: Any) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    folder = tmp_path / ".docker" / "contexts" / "meta" / key
    folder.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False, **more}
    (folder / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))


def settings(tmp_path: Path, **values: Any) -> None:
    (tmp_path / ".docker").mkdir(exist_ok=True)
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(values))


def test_default(tmp_path: Path) -> None:
    endpoint, said = chosen(tmp_path)
    assert (endpoint.url, said) == (f"unix://{DEFAULT_SOCKET}", False)


def test_order(tmp_path: Path) -> None:
    for name in ("flag", "berth-env", "docker-env", "current"):
        context(tmp_path, name, f"tcp://{name}:1")
    settings(tmp_path, currentContext="current")
    env: dict[str, str] = {}
    for step, url in (
        ({}, "tcp://current:1"),
        ({"DOCKER_CONTEXT": "docker-env"}, "tcp://docker-env:1"),
        ({"BERTH_CONTEXT": "berth-env"}, "tcp://berth-env:1"),
        ({"DOCKER_HOST": "tcp://docker-host:1"}, "tcp://docker-host:1"),
        ({"BERTH_HOST": "tcp://berth-host:1"}, "tcp://berth-host:1"),
    ):
        env |= step
        assert chosen(tmp_path, **env)[0].url == url
    assert chosen(tmp_path, "--context flag", **env)[0].url == "tcp://flag:1"
    assert chosen(tmp_path, "-H unix:///given", **env)[0].url == "unix:///given"
    assert chosen(tmp_path, "--context default", **env)[1] is False


def test_directory_of_the_configuration(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        context(tmp_path / name, "x", f"tcp://{name}:1")
    env = {"DOCKER_CONFIG": f"{tmp_path}/a/.docker", "DOCKER_CONTEXT": "x"}
    assert chosen(tmp_path, **env)[0].host == "a"
    env["BERTH_CONFIG"] = f"{tmp_path}/b/.docker"
    assert chosen(tmp_path, **env)[0].host == "b"
    assert chosen(tmp_path, f"--config {tmp_path}/c/.docker", **env)[0].host == "c"


def test_unknown_context(tmp_path: Path) -> None:
    with pytest.raises(Exit) as caught:
        chosen(tmp_path, "--context nope")
    key = hashlib.sha256(b"nope").hexdigest()
    assert str(caught.value) == (
        'Failed to initialize: unable to resolve docker endpoint: context "nope": context not found: '
        f"open {tmp_path}/.docker/contexts/meta/{key}/meta.json: no such file or directory"
    )
    assert caught.value.code == 1


def test_tls_of_a_context(tmp_path: Path) -> None:
    context(tmp_path, "x", "tcp://h:2376", SkipTLSVerify=True)
    folder = tmp_path / ".docker/contexts/tls" / hashlib.sha256(b"x").hexdigest() / "docker"
    folder.mkdir(parents=True)
    (folder / "ca.pem").write_text("x")
    tls = chosen(tmp_path, "-c x")[0].tls
    assert tls is not None
    assert (tls.ca, tls.cert, tls.verify) == (f"{folder}/ca.pem", "", False)


def test_tls_flags(tmp_path: Path) -> None:
    settings(tmp_path)
    assert chosen(tmp_path, "-H h")[0].tls is None
    with pytest.raises(Exit, match=r"open .*/\.docker/ca\.pem: no such file or directory"):
        chosen(tmp_path, "--tlsverify -H h")
    for name in ("ca", "cert", "key"):
        (tmp_path / ".docker" / f"{name}.pem").write_text("x")
    endpoint = chosen(tmp_path, "--tlsverify --tlscert /mine -H h")[0]
    assert endpoint.tls is not None
    assert (endpoint.tls.ca, endpoint.tls.cert, endpoint.tls.verify, endpoint.port) == (
        f"{tmp_path}/.docker/ca.pem", "/mine", True, 2376,
    )  # fmt: skip
    loose = chosen(tmp_path, "--tls -H h")[0].tls
    assert loose is not None
    assert (loose.verify, loose.ca) == (False, "")


def test_tls_environment(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").write_text("x")
    env = {"DOCKER_HOST": "tcp://h", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    tls = chosen(tmp_path, **env)[0].tls
    assert tls is not None
    assert (tls.ca, tls.verify) == (f"{tmp_path}/ca.pem", True)


def test_a_bad_configuration_is_a_warning(daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("{")
    daemon.on("POST /containers/a/pause", (204, None))
    result = docker("pause", "a")
    assert (result.code, result.out) == (0, "a\n")
    assert result.err.startswith(f"WARNING: Error loading config file: {tmp_path}/.docker/config.json: ")


def test_headers_of_the_configuration(daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    settings(tmp_path, HttpHeaders={"X-Team": "gpu"})
    daemon.on("POST /containers/a/pause", (204, None))
    docker("pause", "a")
    headers = daemon.asked("POST /containers/a/pause").headers
    assert headers["x-team"] == "gpu"
    assert headers["user-agent"].startswith("Berth-Client/")


def test_pinned_version(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/a/pause", (204, None))
    docker("pause", "a", env={"DOCKER_API_VERSION": "1.30"})
    assert daemon.requests[0].version == "1.30"


def test_nobody_answers_where_somebody_was_named(call: Call) -> None:
    assert tuple(call("-H", "tcp://127.0.0.1:1", "pause", "a")) == (
        1,
        "",
        "Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?\n",
    )


def test_ssh_names_the_way_round(call: Call) -> None:
    result = call("-H", "ssh://u@h", "pause", "a")
    assert result.code == 1
    assert "does not speak ssh:// yet\nhint: forward the socket instead: ssh " in result.err
