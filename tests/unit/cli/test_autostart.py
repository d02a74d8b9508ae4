"""The default daemon is started by the client when it does not run and the caller is root."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.cli.autostart import ensure_daemon
from berth.cli.cli import Cli
from berth.cli.spawn import start_daemon
from berth.client.endpoint import parse_host
from berth.client.errors import ConnectionFailed
from berth.client.probe import answers

# Listens where it is told, and ends with the first caller that says a word.
LISTENS = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[sys.argv.index("-H") + 1].removeprefix("unix://"))
sock.listen()
print("listening", flush=True)
while True:
    caller, _ = sock.accept()
    if caller.recv(1):
        break
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="berth") as path:  # short: socket paths end at 108 bytes
        yield Path(path)


def cli_for(folder: Path, program: str) -> Cli:
    script = folder / "berthd"
    script.write_text(f"#!{sys.executable}\n{program}")
    script.chmod(0o755)
    log = str(folder / "log")
    return Cli("berth", {"BERTH_DAEMON": str(script), "BERTH_AUTOSTART_LOG": log, "PATH": os.defpath})


def test_started_and_ready(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cli = cli_for(folder, LISTENS)
    path = f"{folder}/b.sock"
    assert not answers(path)
    try:
        assert start_daemon(cli, path) == ""
        said = capfd.readouterr().err
        assert said == f"berth: no daemon is running, starting {folder}/berthd (its log: {folder}/log)\n"
        assert (folder / "log").read_text() == "listening\n"
        assert start_daemon(cli, path) == ""  # somebody else was quicker: nothing more is started or said
        assert capfd.readouterr().err == ""
    finally:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            sock.send(b"x")
        os.wait()


def test_a_daemon_that_does_not_come_up(folder: Path) -> None:
    cli = cli_for(folder, "import sys; sys.exit(3)")
    assert start_daemon(cli, f"{folder}/b.sock") == f"the daemon ended with code 3; see {folder}/log"


def test_a_program_that_is_none(folder: Path) -> None:
    cli = Cli("berth", {"BERTH_DAEMON": f"{folder}/nope", "BERTH_AUTOSTART_LOG": f"{folder}/log"})
    problem = start_daemon(cli, f"{folder}/b.sock")
    assert problem == f"{folder}/nope cannot be started: No such file or directory"


def test_only_where_it_makes_sense(folder: Path) -> None:
    endpoint = parse_host(f"unix://{folder}/b.sock")
    silent = Cli("berth", {"BERTH_AUTOSTART": "0", "BERTH_DAEMON": f"{folder}/nope"})
    ensure_daemon(silent, endpoint)
    assert not (folder / "b.sock.lock").exists()
    if os.geteuid() == 0:
        asked = Cli("berth", {"BERTH_DAEMON": f"{folder}/nope", "BERTH_AUTOSTART_LOG": f"{folder}/log"})
        with pytest.raises(ConnectionFailed, match="Is the docker daemon running") as caught:
            ensure_daemon(asked, endpoint)
        assert caught.value.hint == f"{folder}/nope cannot be started: No such file or directory"
