"""``create`` and ``run`` send what Docker's client 28.2 sends (B4): bodies recorded from it, flag by flag.

``recorded/create.json`` holds one whole body and, for each command line, the query and the fields that
differ from it. $CWD stands for the working directory of the recording, $UP for the one above.
"""

import contextlib
import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.unit.cli.conftest import Call, FakeDaemon

RECORDED = json.loads(Path(__file__).with_name("recorded").joinpath("create.json").read_text())
ENV_FILE = "# c\nA=1\nB= 2\nFROMENV\nNOTSET\nC=x y\n"
PROFILE = '{ "defaultAction": "SCMP_ACT_ALLOW",\n "x": [1, 2] }'


def expected(changes: dict[str, Any], cwd: Path) -> dict[str, Any]:
    text = json.dumps(changes).replace("$CWD", str(cwd)).replace("$UP", str(cwd.parent))
    body = json.loads(json.dumps(RECORDED["base"]))
    for path, value in json.loads(text).items():
        place, _, name = path.rpartition(".")
        target = body[place] if place else body
        if value == "ABSENT":
            del target[name]
        else:
            target[name] = value
    return body


def ordered(body: dict[str, Any]) -> dict[str, Any]:
    """Docker's client has variables and binds in no order of its own."""
    for place, name in ((body, "Env"), (body["HostConfig"], "Binds")):
        if place[name]:
            place[name] = sorted(place[name])
    return body


@pytest.mark.parametrize("line", RECORDED["cases"])
def test_body(line: str, daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    (cwd / "env").write_text(ENV_FILE)
    (cwd / "sec.json").write_text(PROFILE)
    daemon.on("POST /containers/create", (201, {"Id": "f" * 64, "Warnings": []}))
    with contextlib.chdir(cwd):
        result = docker(*shlex.split(line), env={"FROMENV": "yes"})
    assert (result.code, result.out) == (0, "f" * 64 + "\n")
    query, changes = RECORDED["cases"][line]
    request = daemon.asked("POST /containers/create")
    assert request.query == dict(parse_qsl(query))
    assert ordered(request.json) == ordered(expected(changes, cwd))
    assert request.headers["content-type"] == "application/json"


def test_run_asks_for_the_same(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/create", (201, {"Id": "f" * 64, "Warnings": []}))
    daemon.on(f"POST /containers/{'f' * 64}/start", (204, None))
    assert docker("run", "-d", "--name", "x", "busybox", "sleep", "5").code == 0
    body = daemon.asked("POST /containers/create").json
    assert [body[name] for name in ("AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce")] == [
        False
    ] * 4
    assert body["Cmd"] == ["sleep", "5"]


def test_proxies_of_the_configuration(daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    proxies = {"default": {"httpProxy": "http://p:1", "noProxy": "x"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}))
    daemon.on("POST /containers/create", (201, {"Id": "f" * 64}))
    docker("create", "-e", "http_proxy=mine", "busybox", env={"DOCKER_CONFIG": str(tmp_path)})
    assert sorted(daemon.asked("POST /containers/create").json["Env"]) == [
        "HTTP_PROXY=http://p:1", "NO_PROXY=x", "http_proxy=mine", "no_proxy=x",
    ]  # fmt: skip


def test_fields_that_old_engines_have(daemon: FakeDaemon, docker: Call) -> None:
    daemon.version = "1.41"
    daemon.on("POST /containers/create", (201, {"Id": "f" * 64}))
    line = "create --kernel-memory 5m --mac-address 92:d0:c6:0a:29:33 busybox"
    result = docker(*line.split())
    assert result.err == (
        '"specify mac-address per network" requires API version 1.44, '
        "but the Docker daemon API version is 1.41\n"
    )
    assert docker("create", "--kernel-memory", "5m", "busybox").code == 0
    assert daemon.asked("POST /containers/create").json["HostConfig"]["KernelMemory"] == 5 << 20


def test_flag_of_a_newer_engine(daemon: FakeDaemon, docker: Call) -> None:
    daemon.version = "1.41"
    assert tuple(docker("run", "--health-start-interval", "1s", "busybox")) == (
        1,
        "",
        '"--health-start-interval" requires API version 1.44, but the Docker daemon API version is 1.41\n',
    )
    assert daemon.seen() == []


def test_exec_body(daemon: FakeDaemon, docker: Call, tmp_path: Path) -> None:
    (tmp_path / "env").write_text(ENV_FILE)
    daemon.on("POST /containers/foo/exec", (404, {"message": "enough"}))
    words = ["exec", "-i", "-e", "A=1", "-e", "FROMENV", "-e", "NOPE", "--env-file", str(tmp_path / "env")]
    words += ["-u", "root", "-w", "/x", "--privileged", "--detach-keys", "ctrl-a", "foo", "ls"]
    assert docker(*words, env={"FROMENV": "yes"}).code == 1
    assert daemon.asked("POST /containers/foo/exec").json == {
        "User": "root", "Privileged": True, "Tty": False, "AttachStdin": True, "AttachStderr": True,
        "AttachStdout": True, "Detach": False, "DetachKeys": "ctrl-a", "WorkingDir": "/x", "Cmd": ["ls"],
        "Env": ["A=1", "B= 2", "FROMENV=yes", "C=x y", "A=1", "FROMENV=yes", "NOPE"],
    }  # fmt: skip
