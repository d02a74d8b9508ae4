"""Builds told in records: dry runs, BuildKit's form, results, and failures of berth's own daemon."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.build.test_build_requests import IMAGE, MESSAGES, builder, own
from tests.unit.cli.conftest import Call, FakeDaemon

STEPS = [
    {"stage": 0, "number": 1, "type": "from", "text": "FROM x", "key": "sha256:a", "cached": True},
    {
        "stage": 0,
        "number": 2,
        "type": "copy",
        "text": "COPY . /",
        "key": "sha256:b",
        "reason": "file a changed",
    },
    {"stage": 1, "number": 3, "type": "from", "text": "FROM y", "key": "sha256:c", "cached": True},
]
PLAN: dict[str, Any] = {
    "kind": "planned", "stages": [{"index": 0, "name": "one"}, {"index": 1}], "steps": STEPS, "total": 3,
}  # fmt: skip


@pytest.fixture
def context(tmp_path: Path, daemon: FakeDaemon) -> str:
    """A directory, and a daemon that takes it."""
    own(daemon, [])
    (tmp_path / "Dockerfile").write_text("FROM x\nCOPY . /\nFROM y\n")
    return str(tmp_path)


def test_a_dry_run_is_a_table(daemon: FakeDaemon, docker: Call, context: str) -> None:
    builder(daemon, [PLAN, {"kind": "built"}])
    result = docker("build", "--dry-run", context)
    assert result.code == 0
    lines = [" ".join(line.split()) for line in result.out.partition("\r\r\n")[2].splitlines()]
    assert lines == [
        "stage one", "1/3 FROM x cached", "2/3 COPY . / runs: file a changed", "stage stage-1",
        "3/3 FROM y cached", "2 of 3 steps would come from the cache; nothing was built",
    ]  # fmt: skip
    asked = daemon.asked("POST /build")
    assert asked.query["events"] == "1"
    assert asked.json["dry_run"] is True


def test_rawjson_speaks_on_standard_error(daemon: FakeDaemon, docker: Call, context: str) -> None:
    cached = {"kind": "step_cached", "step": 0, "image": "i", "time_ns": 5}
    builder(daemon, [PLAN, cached, {"kind": "built", "image": IMAGE}])
    code, out, err = docker("build", "--progress", "rawjson", context)
    assert (code, out) == (0, "")
    assert [list(json.loads(line)) for line in err.splitlines()] == [["vertexes"], ["vertexes"]]


def test_the_environment_has_a_say(daemon: FakeDaemon, docker: Call, context: str) -> None:
    builder(daemon, [PLAN, {"kind": "built", "image": IMAGE}])
    env = {"BUILDKIT_PROGRESS": "rawjson", "DOCKER_DEFAULT_PLATFORM": "linux/ARM64"}
    assert docker("build", context, env=env).out == ""
    asked = daemon.asked("POST /build").query
    assert (asked["events"], asked["platform"]) == ("1", "linux/arm64")


def test_a_failure_told_in_records(daemon: FakeDaemon, docker: Call, context: str) -> None:
    failed = {
        "kind": "step_failed", "step": 1, "message": "no such file", "code": 4, "file": "Dockerfile",
        "line": 2,
        "end_line": 2, "excerpt": ["FROM x", "COPY . /"], "excerpt_line": 1, "hint": "look again",
    }  # fmt: skip
    builder(daemon, [PLAN, failed, {"kind": "failed", "message": "no such file", "code": 4}])
    code, _, err = docker("build", "--progress", "rawjson", context)
    assert code == 4
    assert err.endswith("\nDockerfile:2\n  1 | FROM x\n  2 > COPY . /\n\nno such file\nhint: look again\n")


def test_an_answer_without_an_end(daemon: FakeDaemon, docker: Call, context: str) -> None:
    builder(daemon, [PLAN])
    code, _, err = docker("build", "--progress", "rawjson", context)
    assert code == 1
    assert err.endswith("the daemon ended the build without a result\n")


def files_of(daemon: FakeDaemon) -> bytes:
    """The daemon gives the files of the image out; the archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("bin/app", b"program"), ("README", b"text")):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    data = buffer.getvalue()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    )

    def answer(_request: Any, connection: Any) -> None:
        connection.sendall(head + data)

    daemon.on(f"GET /berth/images/{IMAGE}/files", answer)
    daemon.on("GET /images/get", answer)
    return data


def test_the_files_of_the_result(daemon: FakeDaemon, docker: Call, context: str, tmp_path: Path) -> None:
    builder(daemon, MESSAGES)
    files_of(daemon)
    assert docker("build", "-o", str(tmp_path / "out" / "here"), context).code == 0
    assert (tmp_path / "out/here/bin/app").read_bytes() == b"program"
    assert (tmp_path / "out/here/bin/app").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["tar", "oci", "docker"])
def test_archives_of_the_result(
    daemon: FakeDaemon, docker: Call, context: str, tmp_path: Path, kind: str
) -> None:
    builder(daemon, MESSAGES)
    data = files_of(daemon)
    path = tmp_path / "result.tar"
    assert docker("build", "-t", "app", "--output", f"type={kind},dest={path}", context).code == 0
    assert path.read_bytes() == data


def test_a_tar_on_standard_output(daemon: FakeDaemon, docker: Call, context: str) -> None:
    builder(daemon, MESSAGES)
    data = files_of(daemon)
    result = docker("build", "-q", "-o", "-", context)
    assert result.code == 0
    assert result.out.encode() == data


def test_names_and_push_of_an_output(daemon: FakeDaemon, docker: Call, context: str) -> None:
    builder(daemon, MESSAGES)
    daemon.on("POST /images/reg.example/app/push", (200, {"status": "pushed"}))
    result = docker("build", "-o", "type=image,name=reg.example/app:1,push=true", context)
    assert result.code == 0
    assert daemon.asked("POST /build").query["t"] == "reg.example/app:1"
    assert daemon.asked("POST /images/reg.example/app/push").query["tag"] == "1"


def test_a_place_that_cannot_be_written(
    docker: Call, daemon: FakeDaemon, context: str, tmp_path: Path
) -> None:
    code, _, err = docker("build", "-o", f"type=tar,dest={tmp_path}", context)
    assert (code, err) == (1, "failed to write tar output: cannot write to a directory\n")
    assert daemon.seen() == []


def test_a_check_needs_no_daemon(call: Call, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY a /\nCMD echo hi\n")
    (tmp_path / ".dockerignore").write_text("a\n")
    code, out, err = call("build", "--check", str(tmp_path))
    assert (code, err) == (1, "")
    assert out.startswith(
        "Check complete, 2 warnings have been found!\n\nWARNING: CopyIgnoredFile - https://"
    )
    assert "\nDockerfile:3\n--------------------\n   1 |     FROM scratch\n" in out
    assert "\n   3 | >>> CMD echo hi\n--------------------\n" in out
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCMD ["/a"]\n')
    assert tuple(call("build", "--check", str(tmp_path))) == (0, "Check complete, no warnings found.\n", "")


def test_a_check_as_json(call: Call, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCMD echo hi\n")
    code, out, _ = call("build", "--call=check,format=json", str(tmp_path))
    assert code == 1
    (warning,) = json.loads(out)["warnings"]
    assert warning["ruleName"] == "JSONArgsRecommended"
    assert warning["location"]["ranges"] == [{"start": {"line": 2}, "end": {"line": 2}}]


def test_targets_and_outline(call: Call, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "ARG V=1\n# tools what the others need\nFROM a:$V AS tools\n"
        "# TOKEN for the registry\nARG TOKEN=x$V\nRUN --mount=type=secret,id=key,required=true true\n"
        "FROM b AS unused\nARG OTHER\nFROM tools\nRUN --mount=type=ssh true\n"
    )
    targets = json.loads(call("build", "--call=targets,format=json", str(tmp_path)).out)["targets"]
    assert [target.get("name") for target in targets] == ["tools", "unused", None]
    assert targets[0]["description"] == "what the others need"
    assert targets[2]["default"] is True
    found = json.loads(call("build", "--call=outline,format=json", str(tmp_path)).out)
    assert found["args"] == [
        {"name": "V", "value": "1"}, {"name": "TOKEN", "value": "x1", "description": "for the registry"},
    ]  # fmt: skip
    assert found["secrets"] == [{"name": "key", "required": True}]
    assert found["ssh"] == [{"name": "default", "required": False}]
    shown = call("build", "--call=outline", "--target", "tools", str(tmp_path)).out
    assert shown.startswith("TARGET:      tools\nDESCRIPTION: what the others need\n\nBUILD ARG")
    assert call("build", "--call=outline", "--target", "no", str(tmp_path)).code == 1


MOMENT = "2024-01-01T00:00:00Z"
RECORDS = [
    {
        "ID": "a" * 64, "Type": "regular", "Description": "RUN make\n  all", "Size": 2_000_000,
        "InUse": False, "CreatedAt": MOMENT, "LastUsedAt": MOMENT, "UsageCount": 2,
    },
    {"ID": "b" * 64, "Type": "exec.cachemount", "Size": 5_000_000, "InUse": True, "CreatedAt": MOMENT},
]  # fmt: skip


def test_what_the_cache_holds(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("GET /system/df", (200, {"BuildCache": RECORDS}))
    out = docker("builder", "du").out
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "ID"
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["b" * 12 + "*", "false", "5MB"],
        ["a" * 12, "true", "2MB"],
    ]
    assert "RUN make all" in lines[2]
    assert lines[3:] == ["Reclaimable:\t2MB", "Total:\t\t7MB"]
    assert docker("buildx", "du", "--filter", "type=regular", "--format", "{{.ID}}").out == "a" * 64 + "\n"
    assert "UsageCount:   2\n" in docker("builder", "du", "--verbose", "--filter", "inuse=false").out
    assert docker("builder", "du", "--filter", "x=y").code == 1


def test_room_that_may_stay(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /build/prune", (200, {"CachesDeleted": ["x"], "SpaceReclaimed": 5}))
    out = docker(
        "builder", "prune", "-f", "--keep-storage", "1g", "--max-used-space", "2g", "--filter", "until=1h"
    ).out
    assert out == "Deleted build cache objects:\nx\n\nTotal reclaimed space: 5B\n"
    asked = daemon.asked("POST /build/prune").query
    assert asked == {
        "filters": '{"until":{"1h":true}}', "reserved-space": str(1 << 30), "max-used-space": str(2 << 30),
    }  # fmt: skip
