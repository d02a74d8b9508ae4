"""What ``build`` asks of a daemon: berth's requests, and one tar where the daemon knows only Docker's."""

import io
import json
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Call, FakeDaemon, Request

IMAGE = "sha256:" + "ab" * 32
IGNORE = {"ignore": "*.log\nDockerfile\n", "ignore_name": ".dockerignore"}
MESSAGES: list[dict[str, Any]] = [
    {"stream": "Step 1/1 : FROM busybox"}, {"stream": "\n"}, {"stream": " ---> abc\n"},
    {"aux": {"ID": IMAGE}}, {"stream": "Successfully built abababababab\n"},
]  # fmt: skip


def stream(connection: socket.socket, lines: list[dict[str, Any]]) -> None:
    """Answer with lines of JSON."""
    body = b"".join(json.dumps(line).encode() + b"\r\n" for line in lines)
    head = f"HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def builder(daemon: FakeDaemon, messages: list[dict[str, Any]]) -> None:
    """The daemon answers ``POST /build``."""

    def answer(_request: Request, connection: socket.socket) -> None:
        stream(connection, messages)

    daemon.on("POST /build", answer)


def own(daemon: FakeDaemon, wanted: list[int]) -> None:
    """The daemon is berth's: it takes contexts, and wants these rows."""
    daemon.on("POST /berth/contexts", (200, {"id": "c1", "wanted": wanted}))
    daemon.on("POST /berth/contexts/c1/files", (204, None))


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A small directory."""
    root = tmp_path / "context"
    (root / "sub").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM busybox\nCOPY . /x\n")
    (root / "a.txt").write_text("aaa")
    (root / "sub" / "b.txt").write_text("b")
    (root / "sub" / "link").symlink_to("../a.txt")
    (root / "skipped.log").write_text("no")
    (root / ".dockerignore").write_text("*.log\nDockerfile\n")
    return root


def members(request: Request) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(request.body)) as archive:
        return {member.name: member for member in archive}


def test_a_directory_goes_in_two_requests(daemon: FakeDaemon, docker: Call, context: Path) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    result = docker("build", "-q", "-t", "app", str(context))
    assert tuple(result) == (0, f"{IMAGE}\n", "")
    assert daemon.seen() == ["POST /berth/contexts", "POST /build"]
    rows = [json.loads(line) for line in daemon.asked("POST /berth/contexts").body.splitlines()]
    assert [(row[0], row[1], row[9]) for row in rows] == [
        (".dockerignore", "f", ""), ("a.txt", "f", ""), ("sub", "d", ""), ("sub/b.txt", "f", ""),
        ("sub/link", "l", "../a.txt"),
    ]  # fmt: skip
    assert rows[1][3:6] == [0, 0, 3]
    asked = daemon.asked("POST /build")
    assert asked.query["context"] == "c1"
    assert asked.query["t"] == "app"
    assert asked.json == {
        "dockerfile": "FROM busybox\nCOPY . /x\n", "source": str(context), **IGNORE,
    }  # fmt: skip


def test_the_same_directory_has_the_same_key(daemon: FakeDaemon, docker: Call, context: Path) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    (context.parent / "other").mkdir()
    (context.parent / "other" / "Dockerfile").write_text("FROM scratch\n")
    for path in (context, context / "sub" / "..", context.parent / "other"):
        docker("build", "-q", str(path))
    keys = [r.query["key"] for r in daemon.requests if r.what == "POST /berth/contexts"]
    assert keys[0] == keys[1] != keys[2]


def test_only_wanted_files_are_sent(daemon: FakeDaemon, docker: Call, context: Path) -> None:
    own(daemon, [1])
    builder(daemon, MESSAGES)
    assert docker("build", str(context)).code == 0
    sent = members(daemon.asked("POST /berth/contexts/c1/files"))
    assert list(sent) == ["a.txt"]
    assert sent["a.txt"].size == 3


def test_another_daemon_gets_one_tar(daemon: FakeDaemon, docker: Call, context: Path) -> None:
    builder(daemon, MESSAGES)
    result = docker("build", "-t", "app", "-t", "b:2", str(context))
    assert result.code == 0
    asked = daemon.asked("POST /build")
    assert asked.headers["content-type"] == "application/x-tar"
    size = len(asked.body)
    # the ignore file and the Dockerfile are there although a rule excludes the latter
    assert sorted(members(asked)) == [".dockerignore", "Dockerfile", "a.txt", "sub", "sub/b.txt", "sub/link"]
    assert asked.query["dockerfile"] == "Dockerfile"
    assert result.out == (
        f"Sending build context to Docker daemon {size / 1000:>6.4g}kB\r\r\n"
        "Step 1/1 : FROM busybox\n ---> abc\nSuccessfully built abababababab\n"
    )


def test_names_that_are_no_text_go_in_a_tar(daemon: FakeDaemon, docker: Call, context: Path) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    (context / "bad\udcff").write_text("")
    assert docker("build", str(context)).code == 0
    assert daemon.seen() == ["POST /build"]
    assert "bad\udcff" in members(daemon.asked("POST /build"))


def test_a_dockerfile_outside_is_added(
    daemon: FakeDaemon, docker: Call, context: Path, tmp_path: Path
) -> None:
    builder(daemon, MESSAGES)
    outside = tmp_path / "other.df"
    outside.write_text("FROM scratch\n")
    assert docker("build", "-f", str(outside), str(context)).code == 0
    asked = daemon.asked("POST /build")
    name = asked.query["dockerfile"]
    assert name.startswith(".dockerfile.")
    assert members(asked)[name].size == 13


def test_a_dockerfile_outside_goes_as_text(
    daemon: FakeDaemon, docker: Call, context: Path, tmp_path: Path
) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    outside = tmp_path / "other.df"
    outside.write_text("FROM scratch\n")
    (tmp_path / "other.df.dockerignore").write_text("sub\n")
    assert docker("build", "-f", str(outside), str(context)).code == 0
    assert daemon.asked("POST /build").json == {
        "dockerfile": "FROM scratch\n", "source": str(context),
        "ignore": "sub\n", "ignore_name": f"{outside}.dockerignore",
    }  # fmt: skip
    rows = [json.loads(line)[0] for line in daemon.asked("POST /berth/contexts").body.splitlines()]
    assert rows == [".dockerignore", "Dockerfile", "a.txt", "skipped.log"]


def test_all_flags_become_the_query_of_dockers_client(
    daemon: FakeDaemon, docker: Call, context: Path
) -> None:
    """The fields were recorded from Docker's client 28.2 for the same command line."""
    builder(daemon, MESSAGES)
    line = (
        "-t x:y -t z --build-arg HOME --build-arg A=b --build-arg NOPE --label a=b --label c "
        "--cache-from p,q --cache-from r --network host --add-host h:1.2.3.4 --ulimit nofile=5:6 -m 1g "
        "--memory-swap 2g --shm-size 64m --target T --no-cache --pull --rm=false --force-rm --compress -c 4 "
        "--cpu-period 5 --cpu-quota 6 --cpuset-cpus 0 --cpuset-mems 0 --cgroup-parent cp --isolation iso "
        "--platform linux/AMD64 --security-opt a=b"
    )
    assert docker("build", *line.split(), str(context), env={"HOME": "/home/me"}).code == 0
    asked = daemon.asked("POST /build")
    assert asked.query == {
        "buildargs": '{"HOME":"/home/me","A":"b","NOPE":null}', "cachefrom": '["p","q","r"]',
        "cgroupparent": "cp", "cpuperiod": "5", "cpuquota": "6", "cpusetcpus": "0", "cpusetmems": "0",
        "cpushares": "4", "dockerfile": "Dockerfile", "extrahosts": "h:1.2.3.4", "forcerm": "1",
        "isolation": "iso", "labels": '{"a":"b","c":""}', "memory": "1073741824", "memswap": "2147483648",
        "networkmode": "host", "nocache": "1", "platform": "linux/amd64", "pull": "1", "rm": "0",
        "securityopt": "a=b", "shmsize": "67108864", "t": "z", "target": "T",
        "ulimits": '[{"Name":"nofile","Hard":6,"Soft":5}]', "version": "1",
    }  # fmt: skip
    assert asked.body.startswith(b"\x1f\x8b")


def test_berths_own_flags_go_in_the_body(
    daemon: FakeDaemon, docker: Call, context: Path, tmp_path: Path
) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "file").write_text("1")
    result = docker(
        "build", "-q", "--secret", "id=token", "--ssh", "default", "--no-cache-filter", "a,b",
        "--build-context", f"extra={tmp_path}/extra", "--build-context", "base=docker-image://busybox:1",
        "--device", "/dev/null", "--allow", "network.host", "--build-arg", "SOURCE_DATE_EPOCH=7",
        str(context),
        env={"token": "s3cret", "SSH_AUTH_SOCK": "/run/agent"},
    )  # fmt: skip
    assert result.code == 0
    assert daemon.asked("POST /build").json == {
        "dockerfile": "FROM busybox\nCOPY . /x\n", "secrets": {"token": "czNjcmV0"},
        "ssh": {"default": "/run/agent"}, "named": {"extra": "context:c1", "base": "image:busybox:1"},
        "no_cache_filter": ["a", "b"], "devices": ["/dev/null"], "allow": ["network.host"],
        "source_date_epoch": 7, "source": str(context), **IGNORE,
    }  # fmt: skip


def test_flags_that_docker_has_not_are_refused_by_it(daemon: FakeDaemon, docker: Call, context: Path) -> None:
    builder(daemon, MESSAGES)
    result = docker("build", "--secret", "id=HOME", str(context))
    assert result.code == 1
    assert result.err.startswith("--secret needs berth's daemon")
    assert "POST /build" not in daemon.seen()


def test_a_dockerfile_on_standard_input(daemon: FakeDaemon, docker: Call, stdin: Any) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    stdin(b"FROM busybox\n")
    assert docker("build", "-").code == 0
    assert daemon.asked("POST /berth/contexts").body == b""
    assert daemon.asked("POST /build").json == {"dockerfile": "FROM busybox\n"}


def test_an_archive_on_standard_input(daemon: FakeDaemon, docker: Call, stdin: Any, context: Path) -> None:
    builder(daemon, MESSAGES)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        file.add(context / "Dockerfile", "Dockerfile")
    stdin(archive.getvalue())
    assert docker("build", "-").code == 0
    asked = daemon.asked("POST /build")
    assert asked.body == archive.getvalue()
    assert asked.query["dockerfile"] == "Dockerfile"


def test_a_url_is_the_daemons_to_fetch(daemon: FakeDaemon, docker: Call) -> None:
    builder(daemon, MESSAGES)
    assert docker("build", "http://host/context.tar.gz").code == 0
    assert daemon.asked("POST /build").query["remote"] == "http://host/context.tar.gz"


def test_credentials_of_registries_go_along(
    daemon: FakeDaemon, docker: Call, context: Path, tmp_path: Path
) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"auths": {"reg.example": {"auth": "dTpw"}}}')
    assert docker("build", "-q", str(context)).code == 0
    import base64

    header = json.loads(base64.urlsafe_b64decode(daemon.asked("POST /build").headers["x-registry-config"]))
    assert header == {"reg.example": {"serveraddress": "reg.example", "username": "u", "password": "p"}}


def test_proxies_of_the_configuration_are_build_arguments(
    daemon: FakeDaemon, docker: Call, context: Path, tmp_path: Path
) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"proxies": {"default": {"httpProxy": "http://p:1"}}}')
    assert docker("build", "-q", "--build-arg", "http_proxy=mine", str(context)).code == 0
    given = json.loads(daemon.asked("POST /build").query["buildargs"])
    assert given == {"http_proxy": "mine", "HTTP_PROXY": "http://p:1"}
