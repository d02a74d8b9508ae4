"""The daemon as a process: signals, reload, several side by side. Containers are another suite's matter."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.client.client import Client
from berth.client.endpoint import parse_host
from berth.runtime.programs import find_program

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the daemon makes namespaces and mounts"),
    pytest.mark.skipif(find_program("conmon") is None, reason="needs conmon"),
]

_PATIENCE_S = 30.0


class Daemon:
    """A berthd in a network namespace of its own, below one directory."""

    def __init__(self, root: Path, *flags: str) -> None:
        self.root = root
        self.socket = root / "s.sock"
        self.config = root / "daemon.json"
        root.mkdir(exist_ok=True)
        if not self.config.exists():
            self.config.write_text("{}")
        self.log = (root / "log").open("wb")
        words = ["unshare", "--net", sys.executable, "-m", "berth.daemon", "--data-root", str(root / "data")]
        words += [
            "--exec-root",
            str(root / "exec"),
            "--pidfile",
            str(root / "pid"),
            "-H",
            f"unix://{self.socket}",
        ]
        words += ["--config-file", str(self.config), *flags]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def wait_ready(self) -> "Daemon":
        deadline = time.monotonic() + _PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
        self.get("/info")  # the socket is there before the engine serves
        return self

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(str(self.socket))
            except OSError:
                time.sleep(0.02)  # nothing to wait on exists before the socket does
                return False
        return True

    def get(self, path: str) -> dict:
        client = Client(parse_host(f"unix://{self.socket}"))
        try:
            return client.get(path)
        finally:
            client.close()

    def said(self) -> str:
        return (self.root / "log").read_text()

    def wait_said(self, words: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while words not in self.said():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_PATIENCE_S)
        finally:
            self.log.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    started = Daemon(tmp_path / "a").wait_ready()
    yield started
    started.stop()


def test_sigterm_is_clean(daemon: Daemon) -> None:
    assert daemon.stop() == 0
    assert not daemon.socket.exists()
    assert not (daemon.root / "pid").exists()
    assert "Traceback" not in daemon.said()
    assert not [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if str(daemon.root) in line
    ]


def test_the_socket_is_for_a_group(daemon: Daemon) -> None:
    assert daemon.socket.stat().st_mode & 0o777 == 0o660


def test_reload_applies_and_a_bad_file_changes_nothing(daemon: Daemon) -> None:
    daemon.config.write_text(json.dumps({"labels": ["a=b"], "runtimes": {"mine": {"path": "/bin/false"}}}))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_said("configuration reloaded")
    info = daemon.get("/info")
    assert info["Labels"] == ["a=b"]
    assert "mine" in info["Runtimes"]
    daemon.config.write_text(json.dumps({"labels": ["c=d"], "default-runtime": "nope"}))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_said("specified default runtime 'nope' does not exist")
    assert daemon.get("/info")["Labels"] == ["a=b"]


def test_daemons_side_by_side_and_one_root_for_one(daemon: Daemon, tmp_path: Path) -> None:
    other = Daemon(tmp_path / "b").wait_ready()
    try:
        assert daemon.get("/info")["ID"] != other.get("/info")["ID"]
        third = Daemon(
            daemon.root, "--pidfile", str(tmp_path / "other.pid"), "-H", f"unix://{tmp_path}/x.sock"
        )
        assert third.process.wait(_PATIENCE_S) == 1
        third.log.close()
        assert daemon.get("/info")["ID"], "the first one serves on"
    finally:
        assert other.stop() == 0


def test_the_identity_survives_and_bad_flags_are_named(tmp_path: Path) -> None:
    first = Daemon(tmp_path / "a").wait_ready()
    identity = first.get("/info")["ID"]
    first.stop()
    second = Daemon(tmp_path / "a").wait_ready()
    assert second.get("/info")["ID"] == identity
    second.stop()
    broken = Daemon(tmp_path / "c", "--layer-form", "zip")
    assert broken.process.wait(_PATIENCE_S) == 1
    broken.log.close()
    assert "invalid layer-form 'zip'" in broken.said()
    assert "Traceback" not in broken.said()
