"""Progress, times, signals, completion, aliases: the parts that have no verb of their own."""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from berth.base.errors import InvalidArgument
from berth.cli.progress import StreamError, progress_bar, show_progress
from berth.cli.signals import all_forwardable, name_of
from berth.cli.streams import Writer, read_line
from berth.cli.times import timestamp
from tests.unit.cli.conftest import Call, FakeDaemon


def test_moments() -> None:
    assert timestamp("", "since") == ""
    assert timestamp("1136073600", "since") == "1136073600"
    assert timestamp("1136073600.000000001", "since") == "1136073600.000000001"
    assert timestamp("2013-01-02T13:23:37Z", "since") == "1357133017.000000000"
    assert timestamp("2013-01-02T13:23:37.5+02:00", "since") == "1357125817.500000000"
    assert timestamp("2013-01-02T13:23:37-01:00", "since") == "1357136617.000000000"
    assert timestamp("2013-01-02Z", "since") == "1357084800.000000000"
    local = time.mktime(time.strptime("2013-01-02T13:23", "%Y-%m-%dT%H:%M"))
    assert timestamp("2013-01-02T13:23", "since") == f"{int(local)}.000000000"
    before = int(time.time())
    assert before - 3600 <= int(timestamp("1h", "since")) <= int(time.time()) - 3600


@pytest.mark.parametrize("text", ["nonsense", "2013-13-40", "12x", "1.2.3"])
def test_no_moments(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        timestamp(text, "until")
    assert (
        str(caught.value) == f'invalid value for "until": failed to parse value as time or duration: "{text}"'
    )


def test_bars() -> None:
    assert progress_bar({}, 200) == ""
    assert progress_bar({"current": 1500}, 200) == "   1.5kB"
    assert progress_bar({"current": 1, "total": 4, "units": "files"}, 80) == "1/4 files"
    assert progress_bar({"current": 512, "total": 1024}, 80) == "    512B/1.024kB"
    assert progress_bar({"current": 2, "total": 4}, 200) == f"[{'=' * 25}>{' ' * 25}]       2B/4B"
    assert progress_bar({"current": 9, "total": 4}, 80) == "      9B"
    assert progress_bar({"current": 9, "total": 10, "hidecounts": True}, 80) == ""


def test_progress_on_a_terminal() -> None:
    master, slave = os.openpty()
    show_progress(
        [
            {"id": "a", "status": "Waiting", "progressDetail": {}},
            {"id": "b", "status": "Waiting", "progressDetail": {}},
            {"id": "a", "status": "Done", "progressDetail": {}},
            {"status": "end"},
        ],
        Writer(slave),
    )
    data = b""
    while b"end" not in data:
        data += os.read(master, 4096)
    os.close(slave)
    os.close(master)
    assert data.decode().replace("\r\n", "\n") == (
        "\n\x1b[1A\x1b[2K\ra: Waiting \r\x1b[1B"
        "\n\x1b[1A\x1b[2K\rb: Waiting \r\x1b[1B"
        "\x1b[2A\x1b[2K\ra: Done \r\x1b[2Bend\n"
    )


def test_progress_elsewhere_and_its_errors() -> None:
    found: list[dict[str, object]] = []
    with tempfile.TemporaryFile() as file:
        with pytest.raises(StreamError, match="broken"):
            show_progress(
                [{"stream": "Loaded\n"}, {"aux": {"ID": "x"}}, {"error": "broken"}, {"status": "never"}],
                Writer(file.fileno()),
                found.append,
            )
        file.seek(0)
        assert file.read() == b"Loaded\n"
    assert found == [{"aux": {"ID": "x"}}]


def test_names_of_signals() -> None:
    assert [name_of(n) for n in (1, 2, 9, 15, 28)] == ["HUP", "INT", "KILL", "TERM", "WINCH"]
    low, high = int(signal.SIGRTMIN), int(signal.SIGRTMAX)
    assert [name_of(n) for n in (low, low + 1, high - 1, high)] == ["RTMIN", "RTMIN+1", "RTMAX-1", "RTMAX"]
    assert not {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGURG} & set(
        all_forwardable()
    )


def test_lines_are_read_without_what_follows() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"one\ntwo")
    os.close(writer)
    assert read_line(reader) == "one"
    assert os.read(reader, 10) == b"two"
    os.close(reader)


def candidates(result: str) -> list[str]:
    return [line.partition("\t")[0] for line in result.splitlines()]


def test_completion_of_words_and_flags(docker: Call) -> None:
    assert candidates(docker("__complete", "ru").out) == ["run"]
    assert candidates(docker("__complete", "container", "un").out) == ["unpause"]
    assert candidates(docker("__complete", "run", "--netw").out) == ["--network", "--network-alias"]
    assert candidates(docker("__complete", "--ho").out) == ["--host"]
    assert docker("__complete", "nope", "").out == ""
    assert docker("__complete", "run", "--name", "").code == 0


def test_completion_of_names(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("GET /containers/json", (200, [{"Names": ["/web", "/other/web"]}, {"Names": ["/db"]}]))
    daemon.on("GET /images/json", (200, [{"RepoTags": ["busybox:latest"]}, {"RepoTags": None}]))
    assert candidates(docker("__complete", "exec", "-it", "").out) == ["web", "db"]
    assert candidates(docker("__complete", "rm", "web", "d").out) == ["db"]
    assert candidates(docker("__complete", "run", "--rm", "").out) == ["busybox:latest"]
    assert candidates(docker("__complete", "rename", "web", "db", "").out) == []


def test_completion_without_a_daemon(call: Call) -> None:
    assert tuple(call("-H", "unix:///nonexistent", "__complete", "rm", "")) == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, call: Call) -> None:
    script = call("completion", shell, program="berth").out
    assert "__complete" in script
    assert "PROGRAM" not in script
    assert "berth" in script


def test_unknown_shell(call: Call) -> None:
    assert call("completion", "csh").err == "unknown shell csh: completion knows bash, zsh, fish\n"


def test_aliases(call: Call, tmp_path: Path) -> None:
    own = os.path.realpath(sys.argv[0])
    folder = tmp_path / "bin"
    folder.mkdir()
    made = call("system", "install-aliases", "--dir", str(folder))
    assert made.out == f"{folder}/docker -> {own}\n{folder}/nvidia-docker -> {own}\n"
    assert os.readlink(folder / "docker") == own
    assert call("system", "install-aliases", "--dir", str(folder)).code == 0
    assert call("system", "install-aliases", "--remove", "--dir", str(folder)).code == 0
    assert list(folder.iterdir()) == []
    (folder / "docker").write_text("somebody's")
    refused = call("system", "install-aliases", "--dir", str(folder))
    assert (refused.code, refused.err.splitlines()[0]) == (
        1, f"{folder}/docker exists and is not a link to this client",
    )  # fmt: skip
    assert call("system", "install-aliases", "--remove", "--force", "--dir", str(folder)).code == 1
    assert (folder / "docker").read_text() == "somebody's"
    assert call("system", "install-aliases", "--force", "--dir", str(folder)).code == 0


def test_logs(daemon: FakeDaemon, docker: Call) -> None:
    from berth.wire.stdcopy import STDERR, STDOUT, frame

    body = frame(STDOUT, b"out\n") + frame(STDERR, b"err\n")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    daemon.on("GET /containers/x/json", (200, {"Id": "i", "Config": {"Tty": False}}))
    daemon.on(
        "GET /containers/i/logs",
        lambda request, sock: sock.sendall(head + body),
    )
    assert tuple(docker("logs", "-tf", "--tail", "5", "--since", "5", "x")) == (0, "out\n", "err\n")
    assert daemon.asked("GET /containers/i/logs").query == {
        "stdout": "1", "stderr": "1", "since": "5", "timestamps": "1", "follow": "1", "tail": "5",
    }  # fmt: skip
