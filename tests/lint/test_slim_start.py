"""What a command of the client loads before it has answered: the start is most of what `ps` costs."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.lint.sources import ROOT

# Each costs milliseconds by itself; together they are slower than most commands (DECISIONS.md).
HEAVY = frozenset(
    """
    argparse asyncio ctypes dataclasses datetime email enum http http.client inspect json logging pathlib re
    shutil site ssl subprocess tempfile typing urllib urllib.parse
    """.split()  # noqa: SIM905 - reads better than a list
)
_PING = {"Api-Version": "1.55", "Server": "Docker/29", "OSType": "linux"}


def answer(listener: socket.socket, body: bytes) -> None:
    """Give every request the same answer until the listener is closed."""
    head = "".join(f"{name}: {value}\r\n" for name, value in _PING.items())
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            while data := connection.recv(65536):
                content = b"" if data.startswith(b"HEAD") else b"OK" if b"/_ping" in data else body
                length = len(content) or (2 if data.startswith(b"HEAD") else 0)
                connection.sendall(
                    f"HTTP/1.1 200 OK\r\n{head}Content-Type: application/json\r\n"
                    f"Content-Length: {length}\r\n\r\n".encode()
                    + content
                )


def loaded_by(tmp_path: Path, words: list[str], body: bytes) -> tuple[str, set[str]]:
    """The output of one command, and the modules that it imported."""
    path = tmp_path / "engine.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    server = threading.Thread(target=answer, args=(listener, body))
    server.start()
    try:
        start = f"import sys; sys.path.append({str(ROOT)!r}); from berth.cli.__main__ import main; main()"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "importtime", "-c", start, "-H", f"unix://{path}", *words],
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            timeout=60,
        )
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.join()
    lines = done.stderr.splitlines()
    modules = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    rest = [line for line in lines if not line.startswith("import time:")]
    assert done.returncode == 0, "\n".join(rest)
    return done.stdout, modules


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["ps"], []),
        (
            ["ps", "-aq"],
            [{"Id": "a" * 64, "Names": ["/x"], "Image": "i", "Command": "c", "State": "running"}],
        ),
        (["images"], []),
        (["rm", "x"], None),
        (["stop", "x"], None),
        (["logs", "x"], None),
    ],
)
def test_plain_commands_load_nothing_heavy(tmp_path: Path, words: list[str], body: object) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    if words[0] == "logs":
        content = b'{"Id": "a", "Config": {"Tty": true}}'
    _, modules = loaded_by(tmp_path, words, content)
    assert "berth.cli.dispatch" in modules
    assert not modules & HEAVY


def test_the_check_sees_what_is_loaded(tmp_path: Path) -> None:
    output, modules = loaded_by(tmp_path, ["ps", "--format", "{{.ID}}"], b"[]")
    assert output == ""
    assert "berth.cli.container.list" in modules
