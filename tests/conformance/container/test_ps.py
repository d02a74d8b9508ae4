"""docker ps (A3.1, A3.2, A3.14, A7 ps)."""

import json
import re
from datetime import UTC, datetime

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api


def row(docker: Client, name: str, template: str, *flags: str) -> str:
    return docker.ok("ps", "-a", "--filter", f"name=^/{name}$", "--format", template, *flags)


def test_columns_and_widths(docker: Client, name: str) -> None:
    """A3.1: seven columns, three blanks between, widths fit the content; the command quoted and cut at 20."""
    full = docker.ok("run", "-d", "--name", name, "busybox", "sleep", "1234567890123456789")
    head, line = docker.ok("ps", "--filter", f"name={name}").splitlines()
    assert head.split() == ["CONTAINER", "ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert re.fullmatch(
        rf'{full[:12]}   busybox   "sleep 1234567890123…"   (Less than a second|\d+ seconds?|1 second) ago +'
        rf"Up (Less than a second|\d+ seconds?) +{name}",
        line,
    )
    assert head.index("IMAGE") == 15
    assert line.index("busybox") == head.index("IMAGE")
    assert line.index(name) == head.index("NAMES")


def test_running_only_unless_all(docker: Client, name: str) -> None:
    """A3.1: ``ps`` and ``ps -a``."""
    docker.ok("run", "--name", name, "busybox", "true")
    assert name not in docker.ok("ps")
    assert name in docker.ok("ps", "-a")


@pytest.mark.parametrize("words", [("ps",), ("container", "ls"), ("container", "ps"), ("container", "list")])
def test_aliases(docker: Client, name: str, words: tuple[str, ...]) -> None:
    """A3.14: all of them list alike."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "60")
    assert docker.ok(*words, "--format", "{{.Names}}").splitlines() == [name]


def test_status_forms(docker: Client, name: str) -> None:
    """A3.1: Created, Up, Paused, Exited with code."""
    docker.ok("create", "--name", name, "busybox", "sh", "-c", "exit 3")
    assert row(docker, name, "{{.Status}}|{{.State}}") == "Created|created"
    docker.ok("start", name)
    docker.ok("wait", name)
    assert re.fullmatch(
        r"Exited \(3\) (Less than a second|\d+ seconds?) ago\|exited",
        row(docker, name, "{{.Status}}|{{.State}}"),
    )
    up = f"{name}-up"
    docker.ok("run", "-d", "--name", up, "busybox", "sleep", "60")
    assert re.fullmatch(
        r"Up (Less than a second|\d+ seconds?)\|running", row(docker, up, "{{.Status}}|{{.State}}")
    )
    docker.ok("pause", up)
    assert re.fullmatch(
        r"Up (Less than a second|\d+ seconds?) \(Paused\)\|paused", row(docker, up, "{{.Status}}|{{.State}}")
    )
    docker.ok("kill", up)
    docker.ok("wait", up)
    assert row(docker, up, "{{.Status}}").startswith("Exited (137) ")


def test_newest_first_and_limits(docker: Client, name: str) -> None:
    """A3.1: order, -n, -l, -q, --no-trunc."""
    ids = [docker.ok("create", "--name", f"{name}-{n}", "busybox") for n in range(3)]
    names = docker.ok("ps", "-a", "--filter", f"name={name}", "--format", "{{.Names}}").splitlines()
    assert names == [f"{name}-{n}" for n in (2, 1, 0)]
    assert docker.ok("ps", "-n", "2", "--format", "{{.Names}}").splitlines() == names[:2]
    assert docker.ok("ps", "-l", "--format", "{{.Names}}") == names[0]
    assert docker.ok("ps", "-aq", "--filter", f"name={name}").splitlines() == [
        one[:12] for one in reversed(ids)
    ]
    assert docker.ok("ps", "-aq", "--no-trunc", "--filter", f"name={name}").splitlines() == ids[::-1]


def test_no_trunc_shows_the_whole_command(docker: Client, name: str) -> None:
    """A3.1."""
    docker.ok("create", "--name", name, "busybox", "sh", "-c", "echo a long command with words")
    assert row(docker, name, "{{.Command}}", "--no-trunc") == "\"sh -c 'echo a long command with words'\""
    assert row(docker, name, "{{.Command}}") == '"sh -c \'echo a long …"'


def test_command_is_entry_point_and_arguments(docker: Client, name: str) -> None:
    """A3.1."""
    docker.ok("create", "--name", name, "fixture-entrypoint-exec:1", "more")
    assert row(docker, name, "{{.Command}}") == '"echo entry more"'


def test_size(docker: Client, name: str) -> None:
    """A3.1: -s adds the size of the writable layer and the virtual size."""
    docker.ok("run", "--name", name, "busybox", "dd", "if=/dev/zero", "of=/big", "bs=1000", "count=3000")
    assert re.fullmatch(r"3MB \(virtual 4\.9\dMB\)", row(docker, name, "{{.Size}}", "-s"))


def test_json_and_table_formats(docker: Client, name: str) -> None:
    """A3.1: --format json and table."""
    docker.ok("create", "--name", name, "--label", "a=b", "busybox")
    fields = json.loads(row(docker, name, "json"))
    assert fields["Names"] == name
    assert fields["Labels"] == "a=b"
    assert fields["State"] == "created"
    assert {
        "Command",
        "CreatedAt",
        "ID",
        "Image",
        "LocalVolumes",
        "Mounts",
        "Networks",
        "Ports",
        "RunningFor",
        "Size",
        "Status",
    } <= set(fields)
    head, line = row(docker, name, "table {{.Names}}\t{{.Image}}").splitlines()
    assert head.split() == ["NAMES", "IMAGE"]
    assert line.split() == [name, "busybox"]


def test_created_column_is_the_clients_wording(docker: Client, api: Api, name: str) -> None:
    """A3.2: the API gives seconds since 1970; the client words the distance."""
    docker.ok("create", "--name", name, "busybox")
    (entry,) = api.get("/containers/json", all=True, filters={"name": [name]}).json()
    assert abs(entry["Created"] - datetime.now(UTC).timestamp()) < 30
    assert re.fullmatch(r"(Less than a second|\d+ seconds?) ago", row(docker, name, "{{.RunningFor}}"))


def test_filters(docker: Client, name: str) -> None:
    """A3.1, A7 ps: status, exited, name, id, label, ancestor, before, since, volume, network, publish,
    expose, health."""
    one = docker.ok(
        "run",
        "-d",
        "--name",
        f"{name}-1",
        "--label",
        "role=first",
        "-p",
        "127.0.0.1:0:80",
        "busybox",
        "sleep",
        "60",
    )
    two = docker.ok(
        "run",
        "-d",
        "--name",
        f"{name}-2",
        "-v",
        f"{name}:/data",
        "--label",
        "role=second",
        "--expose",
        "99",
        "busybox",
        "sh",
        "-c",
        "exit 4",
    )
    docker.ok("wait", two)
    three = docker.ok("create", "--name", f"{name}-3", "--network", "none", "fixture-health:1")

    def found(*filters: str) -> set[str]:
        words = [word for one in filters for word in ("--filter", one)]
        return set(docker.ok("ps", "-aq", "--no-trunc", "--filter", f"name={name}", *words).split())

    assert found() == {one, two, three}
    assert found("status=running") == {one}
    assert found("status=exited", "status=created") == {two, three}
    assert found("exited=4") == {two}
    assert found("exited=0") == set()
    assert found(f"id={one[:10]}") == {one}
    assert found("label=role") == {one, two}
    assert found("label=role=second") == {two}
    assert found("ancestor=busybox") == {one, two}
    assert found("ancestor=fixture-health:1") == {three}
    assert found(f"before={two}") == {one}
    assert found(f"since={one}") == {two, three}
    assert found(f"volume={name}") == {two}
    assert found("volume=/data") == {two}
    assert found("network=none") == {three}
    public = docker.ok("port", one).rpartition(":")[2]
    assert found(f"publish={public}") == found(f"publish={public}/tcp") == {one}
    assert found("expose=80/tcp") == {one}
    assert found("health=none") == {one, two, three}
    assert found("is-task=true") == set()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nope=1", "nvalid filter 'nope'"),
        ("status=nope", "nvalid filter 'status=nope'"),
        ("before=no-such-container", "o such container"),
    ],
)
def test_bad_filters(docker: Client, text: str, complaint: str) -> None:
    """Bad input: the daemon names the filter; capital letters differ between versions."""
    result = docker("ps", "--filter", text)
    assert result.code == 1
    assert complaint in result.err


def test_bad_health_filter(docker: Client, engine: Engine) -> None:
    """Bad input: newer Docker says which words there are."""
    result = docker("ps", "--filter", "health=nope")
    assert result.code == 1
    assert result.err == "Error response from daemon: " + expect(
        engine,
        dockerd="Unrecognised filter value for health: nope\n",
        berthd="invalid filter 'health=nope': invalid value for health (nope): "
        "must be one of none, starting, healthy, unhealthy\n",
    )


def test_bad_filter_syntax_and_arguments(docker: Client) -> None:
    """Bad input: refused by the client."""
    assert docker("ps", "--filter", "noequals").code == 125
    result = docker("ps", "surplus")
    assert result.code == 1
    assert "'docker ps' accepts no arguments" in result.err


def test_list_row_of_the_api(docker: Client, api: Api, name: str) -> None:
    """C2: the fields of a list row and their kinds."""
    full = docker.ok(
        "run",
        "-d",
        "--name",
        name,
        "-v",
        f"{name}:/data:ro",
        "-p",
        "127.0.0.1:0:80",
        "busybox",
        "sleep",
        "60",
    )
    (entry,) = api.get("/containers/json", filters={"name": [name]}).json()
    assert entry["Id"] == full
    assert entry["Names"] == [f"/{name}"]
    assert entry["Image"] == "busybox"
    assert entry["ImageID"].startswith("sha256:")
    assert entry["Command"] == "sleep 60"
    assert entry["State"] == "running"
    assert entry["HostConfig"]["NetworkMode"] in ("default", "bridge")
    (port,) = entry["Ports"]
    assert (port["IP"], port["PrivatePort"], port["Type"]) == ("127.0.0.1", 80, "tcp")
    assert port["PublicPort"] > 0
    (mount,) = entry["Mounts"]
    assert (mount["Type"], mount["Name"], mount["Destination"], mount["RW"]) == (
        "volume",
        name,
        "/data",
        False,
    )
    assert set(entry["NetworkSettings"]["Networks"]) == {"bridge"}
    assert entry["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    assert "SizeRw" not in entry
