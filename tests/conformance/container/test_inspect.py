"""docker inspect of containers (A7 inspect)."""

import json
import re

import pytest

from tests.support.cli import Client
from tests.support.http import Api

FIELDS = {
    "AppArmorProfile",
    "Args",
    "Config",
    "Created",
    "Driver",
    "ExecIDs",
    "GraphDriver",
    "HostConfig",
    "HostnamePath",
    "HostsPath",
    "Id",
    "Image",
    "LogPath",
    "MountLabel",
    "Mounts",
    "Name",
    "NetworkSettings",
    "Path",
    "Platform",
    "ProcessLabel",
    "ResolvConfPath",
    "RestartCount",
    "State",
}
STATE = {
    "Dead",
    "Error",
    "ExitCode",
    "FinishedAt",
    "OOMKilled",
    "Paused",
    "Pid",
    "Restarting",
    "Running",
    "StartedAt",
    "Status",
}
CONFIG = {
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "Domainname",
    "Entrypoint",
    "Env",
    "Hostname",
    "Image",
    "Labels",
    "OnBuild",
    "OpenStdin",
    "StdinOnce",
    "Tty",
    "User",
    "Volumes",
    "WorkingDir",
}


def test_fields(docker: Client, name: str) -> None:
    """A7 inspect: a JSON array of objects with the fields that clients read."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")
    (entry,) = json.loads(docker.ok("inspect", name))
    assert set(entry) >= FIELDS - {"GraphDriver"}
    assert set(entry["State"]) >= STATE
    assert set(entry["Config"]) >= CONFIG
    assert entry["Name"] == f"/{name}"
    assert entry["State"]["Pid"] > 0
    assert entry["State"]["FinishedAt"] == "0001-01-01T00:00:00Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", entry["Created"])
    assert entry["Image"].startswith("sha256:")
    assert entry["Config"]["Image"] == "busybox"
    assert (entry["Path"], entry["Args"]) == ("sleep", ["300"])
    assert entry["Platform"] == "linux"


def test_what_was_asked_for(docker: Client, name: str) -> None:
    """A7 inspect: HostConfig and Config mirror the flags."""
    docker.ok(
        "create",
        "--name",
        name,
        "-it",
        "-u",
        "demo",
        "-w",
        "/tmp",
        "-e",
        "A=1",
        "--label",
        "l=1",
        "-m",
        "64m",
        "--cpus",
        "1.5",
        "--shm-size",
        "8g",
        "-p",
        "127.0.0.1:81:80",
        "--cap-add",
        "NET_ADMIN",
        "--cap-drop",
        "MKNOD",
        "--ulimit",
        "nofile=10:20",
        "--dns",
        "9.9.9.9",
        "--add-host",
        "a:1.2.3.4",
        "--restart",
        "always",
        "--stop-signal",
        "INT",
        "--tmpfs",
        "/t:size=1m",
        "--read-only",
        "--init",
        "--security-opt",
        "no-new-privileges",
        "--pid",
        "host",
        "--oom-score-adj",
        "7",
        "--sysctl",
        "net.ipv4.ip_forward=0",
        "busybox",
        "true",
    )
    (entry,) = json.loads(docker.ok("inspect", name))
    config, host = entry["Config"], entry["HostConfig"]
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("demo", "/tmp", "INT")
    assert (config["Tty"], config["OpenStdin"], config["StdinOnce"]) == (True, True, True)
    assert "A=1" in config["Env"]
    assert config["Labels"] == {"l": "1"}
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert (host["Memory"], host["NanoCpus"], host["ShmSize"]) == (64 << 20, 1_500_000_000, 8 << 30)
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "81"}]}
    assert {one.removeprefix("CAP_") for one in host["CapAdd"]} == {"NET_ADMIN"}
    assert {one.removeprefix("CAP_") for one in host["CapDrop"]} == {"MKNOD"}
    assert host["Ulimits"] == [{"Name": "nofile", "Hard": 20, "Soft": 10}]
    assert (host["Dns"], host["ExtraHosts"]) == (["9.9.9.9"], ["a:1.2.3.4"])
    assert host["RestartPolicy"]["Name"] == "always"
    assert host["Tmpfs"] == {"/t": "size=1m"}
    assert (host["ReadonlyRootfs"], host["Init"], host["PidMode"], host["OomScoreAdj"]) == (
        True,
        True,
        "host",
        7,
    )
    # --pid host switches SELinux labels off
    assert set(host["SecurityOpt"]) - {"label=disable"} == {"no-new-privileges"}
    assert host["Sysctls"] == {"net.ipv4.ip_forward": "0"}
    assert host["LogConfig"]["Type"] == "json-file"


def test_network_settings(docker: Client, name: str) -> None:
    """A7 inspect: addresses while it runs, none after."""
    docker.ok("run", "-d", "--name", name, "-p", "127.0.0.1:18081:80", "busybox", "sleep", "300")
    settings = json.loads(docker.ok("inspect", name))[0]["NetworkSettings"]
    bridge = settings["Networks"]["bridge"]
    assert re.fullmatch(r"(\d+\.){3}\d+", bridge["IPAddress"])
    assert re.fullmatch(r"(\d+\.){3}\d+", bridge["Gateway"])
    assert re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", bridge["MacAddress"])
    assert 8 <= bridge["IPPrefixLen"] <= 30
    assert settings["Ports"] == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18081"}]}
    docker.ok("stop", "-t", "0", name)
    after = json.loads(docker.ok("inspect", name))[0]["NetworkSettings"]
    assert after["Networks"]["bridge"]["IPAddress"] == ""
    assert after["Ports"] in ({}, None)


def test_mounts(docker: Client, name: str, tmp_path) -> None:
    """A7 inspect: binds and volumes with source, mode and driver."""
    docker.ok(
        "create",
        "--name",
        name,
        "-v",
        f"{tmp_path}:/host:ro",
        "-v",
        f"{name}:/named",
        "-v",
        "/anonymous",
        "busybox",
    )
    mounts = {one["Destination"]: one for one in json.loads(docker.ok("inspect", name))[0]["Mounts"]}
    host = mounts["/host"]
    assert (host["Type"], host["Source"], host["RW"], host["Mode"]) == ("bind", str(tmp_path), False, "ro")
    assert (mounts["/named"]["Type"], mounts["/named"]["Name"], mounts["/named"]["Driver"]) == (
        "volume",
        name,
        "local",
    )
    assert re.fullmatch("[0-9a-f]{64}", mounts["/anonymous"]["Name"])


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{.Name}}", "/NAME"),
        ("{{json .Config.Cmd}}", '["sleep","300"]'),
        ('{{join .Config.Cmd "-"}}', "sleep-300"),
        ("{{range .Config.Cmd}}<{{.}}>{{end}}", "<sleep><300>"),
        ("{{index .Config.Cmd 1}}", "300"),
        ("{{if .Config.Tty}}tty{{else}}pipe{{end}}", "pipe"),
        ('{{index .Config.Labels "a.b"}}', "dots"),
        ("{{len .Config.Cmd}}", "2"),
        ("{{upper .Config.Image}}", "BUSYBOX"),
        ("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}{{end}}", "a.b=dots"),
        ('{{.State.Pid | printf "%T"}}', None),
    ],
)
def test_templates(docker: Client, name: str, template: str, wanted: str | None) -> None:
    """A7 inspect: Go templates including json, join, range, index."""
    docker.ok("create", "--name", name, "--label", "a.b=dots", "busybox", "sleep", "300")
    result = docker("inspect", "-f", template, name)
    assert result.code == 0
    if wanted is not None:
        assert result.out == wanted.replace("NAME", name) + "\n"


def test_unknown(docker: Client) -> None:
    """A7 inspect: ``[]`` on standard output, the text on standard error, exit 1."""
    assert docker("inspect", "no-such") == (1, "[]\n", "Error: No such object: no-such\n")


def test_known_and_unknown(docker: Client, name: str) -> None:
    """A7 inspect: what is known is shown."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("inspect", name, "no-such")
    assert result.code == 1
    assert [entry["Name"] for entry in json.loads(result.out)] == [f"/{name}"]


def test_type(docker: Client, name: str) -> None:
    """A7 inspect: --type decides when a name is both."""
    docker.ok("create", "--name", "busybox", "busybox")
    assert "Config" in json.loads(docker.ok("inspect", "--type", "container", "busybox"))[0]
    assert "RootFS" in json.loads(docker.ok("inspect", "--type", "image", "busybox"))[0]
    assert docker("inspect", "--type", "nope", "busybox").code == 1


def test_size(docker: Client, name: str) -> None:
    """A7 inspect: --size adds SizeRw and SizeRootFs."""
    docker.ok("run", "--name", name, "busybox", "dd", "if=/dev/zero", "of=/big", "bs=1000", "count=2000")
    assert docker.ok("inspect", "--size", "-f", "{{.SizeRw}}", name) == "2000000"
    assert int(docker.ok("inspect", "--size", "-f", "{{.SizeRootFs}}", name)) > 3_900_000


@pytest.mark.parametrize("template", ["{{.Nope.Deep}}", "{{", "{{nofunc .}}"])
def test_bad_templates(docker: Client, name: str, template: str) -> None:
    """Bad input: the template's own complaint."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("inspect", "-f", template, name)
    assert result.code in (1, 64)
    assert "template parsing error" in result.err


def test_health_state(docker: Client, api: Api, name: str) -> None:
    """A7 inspect: State.Health only with a health check."""
    docker.ok("create", "--name", name, "busybox")
    assert "Health" not in api.get(f"/containers/{name}/json").json()["State"]
