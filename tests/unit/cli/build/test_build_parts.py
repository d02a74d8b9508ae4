"""Small parts of ``build``: text on terminals, the screen, secrets, BuildKit's messages, the shell."""

import base64
import json
import os
import posix
from pathlib import Path
from typing import Any

import pytest

from berth.base.errors import BerthError
from berth.cli.build.calls import _dashed
from berth.cli.build.failure import find_step
from berth.cli.build.place import is_archive, is_git
from berth.cli.build.rawjson import Translator, moment
from berth.cli.build.screen import Screen
from berth.cli.build.secrets import Agents, read_secrets
from berth.cli.build.shell import shell_of
from berth.cli.build.text import LogTail, cells, cut, fit, plain
from berth.cli.build.view import duration, look_of
from berth.cli.streams import Writer


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plain", "plain"), ("\x1b[1;31mred\x1b[0m text", "red text"), ("10%\r20%\r30%", "30%"),
        ("done\r", "done"), ("\x1b]0;title\x07after", "after"), ("\x1b]8;;u\x1b\\link", "link"),
        ("a\tb", "a       b"), ("ab\bc", "ac"), ("\x1b(Bx", "x"), ("bell\x07", "bell"),
        ("cut \x1b[3", "cut "),
        ("日本", "日本"), ("bad\udcff", "bad\ufffd"), ("\x1b7x\x1b8", "x"), ("end\x1b", "end"),
    ],
)  # fmt: skip
def test_output_without_control_codes(line: str, expected: str) -> None:
    assert plain(line) == expected


def test_columns() -> None:
    assert [cells(text) for text in ("abc", "日本", "e\u0301", "\u200bx", "…")] == [3, 4, 1, 1, 1]
    assert cut("abcdef", 4) == "abc~"
    assert cut("日本語", 4, "…") == "日…"
    assert cut("abc", 3) == "abc"
    assert cut("abc", 0) == ""


def test_a_line_with_its_right_end() -> None:
    assert fit([("left", "")], ("1.0s", ""), 30, colour=False, mark="~") == "left" + " " * 22 + "1.0s"
    assert fit([("left", "red")], ("1.0s", ""), 10, colour=True, mark="~") == "\x1b[31mleft\x1b[0m"
    line = fit([("a" * 40, "")], ("1.0s", ""), 30, colour=False, mark="~")
    assert (len(line), line[-6:]) == (30, "~ 1.0s")


def test_the_tail_of_a_log() -> None:
    tail = LogTail()
    for data in ("one\ntw", "o\r\n", "\n \n", "half"):
        tail.feed(data)
    assert tail.last(5) == ["one", "two", "half"]
    assert tail.last(1) == ["half"]
    tail.feed("\n" + "x\n" * 1000 + "y" * 100_000)
    assert tail.last(2)[0] == "x"
    assert len(tail.last(1)[0]) == 2000


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0s"), (59.9, "59.9s"), (60, "1m00s"), (75.2, "1m15s"), (3725, "1h02m")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_what_a_terminal_can_show() -> None:
    assert look_of({"LANG": "de_DE.UTF-8"}).bar == "│"
    assert look_of({"LANG": "C.UTF-8", "LC_ALL": "C"}).bar == "|"
    assert look_of({}).colour
    assert not look_of({"NO_COLOR": "1"}).colour


def drawn(*sizes_and_lines: tuple[tuple[int, int], list[str]]) -> list[bytes]:
    """What a screen writes for each drawing, on a terminal that has the size before it."""
    fd = posix.memfd_create("screen")
    size = [(24, 80)]
    screen = Screen(Writer(fd), lambda _fd: size[0])
    written, found = 0, []
    for size[0], lines in sizes_and_lines:
        screen.draw(lines)
        data = os.pread(fd, 1 << 20, written)
        written += len(data)
        found.append(data)
    posix.close(fd)
    return found


def test_lines_are_drawn_in_their_place() -> None:
    wide = (24, 80)
    assert drawn((wide, ["a", "b"]), (wide, ["c"]), (wide, [])) == [
        b"a\nb\n",
        b"\x1b[2A\r\x1b[Jc\n",
        b"\x1b[1A\r\x1b[J",
    ]


def test_a_terminal_that_became_narrower() -> None:
    """Each old line takes as many rows as the new width makes of it; colours have no width."""
    lines = ["x" * 70, "\x1b[31m" + "y" * 30 + "\x1b[0m", ""]
    assert drawn(((24, 80), lines), ((24, 32), ["z"]))[1] == b"\x1b[5A\r\x1b[Jz\n"


def test_rows_above_the_screen_are_out_of_reach() -> None:
    assert drawn(((24, 80), ["x" * 79] * 20), ((10, 20), ["z"]))[1] == b"\x1b[9A\r\x1b[Jz\n"


def test_secrets(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"from a file")
    env = {"VALUE": "from the environment", "named": "by its id"}
    given = [
        f"id=a,src={file}",
        "id=b,env=VALUE",
        "id=c,type=env,src=VALUE",
        "id=named",
        f"source={file},id=d",
    ]
    assert read_secrets(given, env) == {
        "a": b"from a file", "b": b"from the environment", "c": b"from the environment",
        "named": b"by its id",
        "d": b"from a file",
    }  # fmt: skip
    file.write_bytes(bytes(500 * 1024 + 1))
    with pytest.raises(BerthError, match="secret a too big"):
        read_secrets([f"id=a,src={file}"], env)
    with pytest.raises(BerthError, match="the environment has no variable NOPE"):
        read_secrets(["id=a,env=NOPE"], env)


def test_agents(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "agent"))
        agents = Agents(["default", f"other={tmp_path}/agent"], {"SSH_AUTH_SOCK": "/run/mine"})
        assert agents.sockets == {"default": "/run/mine", "other": f"{tmp_path}/agent"}
        agents.close()
    with pytest.raises(BerthError, match="no such file or directory"):
        Agents([f"x={tmp_path}/nothing"], {})


def test_git_urls() -> None:
    for text in (
        "https://host/x.git",
        "https://host/x.git#main:dir",
        "git://h/x",
        "git@h:x",
        "github.com/a/b",
    ):
        assert is_git(text)
    for text in ("https://host/x", "dir", "host.git"):
        assert not is_git(text)


def test_archives_are_known_by_their_content() -> None:
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("Dockerfile"))
    data = buffer.getvalue()
    assert is_archive(data)
    assert is_archive(data[:257] + bytes(8) + data[265:]) is False  # its checksum is another one
    assert not is_archive(b"FROM busybox\n" * 100)
    assert not is_archive(b"")
    for start in (b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"):
        assert is_archive(start)


def test_the_line_of_a_step() -> None:
    text = b"FROM a\nRUN one \\\n  two\nRUN same\nFROM b\nRUN same\n"
    assert find_step(text, "RUN one   two") == (2, 3)
    assert find_step(text, "RUN same") == (0, 0)
    assert find_step(b"FORM a", "RUN x") == (0, 0)


def test_the_shell_of_a_step() -> None:
    assert shell_of({"Config": {"Cmd": ["/bin/bash", "-c", "false"]}}) == "/bin/bash"
    assert shell_of({"Config": {"Cmd": ["/bin/bash", "-eo", "pipefail"]}}) == "/bin/sh"
    assert shell_of({"Config": {"Cmd": ["/app", "serve"]}}) == "/bin/sh"
    assert shell_of({}) == "/bin/sh"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("StageNameCasing", "stage-name-casing"), ("JSONArgsRecommended", "json-args-recommended"),
        ("UndefinedArgInFrom", "undefined-arg-in-from"),
        ("SecretsUsedInArgOrEnv", "secrets-used-in-arg-or-env"),
    ],
)  # fmt: skip
def test_addresses_of_rules(rule: str, expected: str) -> None:
    assert _dashed(rule) == expected


def test_records_as_buildkits_messages() -> None:
    steps = [
        {"stage": 0, "number": 1, "type": "from", "text": "FROM x", "key": "sha256:a"},
        {"stage": 0, "number": 2, "type": "run", "text": "RUN false", "key": "sha256:b", "needs": [0]},
    ]
    records: list[dict[str, Any]] = [
        {"kind": "planned", "stages": [{"index": 0}], "steps": steps, "total": 2},
        {"kind": "step_cached", "step": 0, "image": "i", "time_ns": 1_000_000_001},
        {"kind": "step_started", "step": 1, "time_ns": 2_000_000_000},
        {"kind": "step_log", "step": 1, "stream": 2, "data": "oh\n", "time_ns": 3_000_000_000},
        {"kind": "transfer", "what": "download", "name": "u", "step": 1, "current": 1, "total": 2},
        {"kind": "transfer", "what": "pull", "name": "before any step"},
        {"kind": "step_failed", "step": 1, "message": "failed", "time_ns": 4_000_000_000},
        {"kind": "warning", "text": "hm", "rule": "R", "line": 3},
        {"kind": "failed", "message": "failed"},
    ]
    translator = Translator()
    lines = [json.loads(line) for record in records for line in translator.lines(record)]
    plan, cached, started, log, status, failed, warning = lines
    assert [vertex["name"] for vertex in plan["vertexes"]] == ["[1/2] FROM x", "[2/2] RUN false"]
    assert plan["vertexes"][1]["inputs"] == ["sha256:a"]
    assert cached["vertexes"][0]["cached"] is True
    assert cached["vertexes"][0]["completed"] == "1970-01-01T00:00:01.000000001Z"
    assert started["vertexes"][0]["started"] == moment(2_000_000_000)
    assert base64.b64decode(log["logs"][0]["data"]) == b"oh\n"
    assert status["statuses"][0]["total"] == 2
    assert failed["vertexes"][0]["error"] == "failed"
    assert base64.b64decode(warning["warnings"][0]["short"]) == b"R: hm"
