"""Detach keys, raw mode, and the loop between a real pseudo-terminal and an engine (A1.6, A1.22, A2.1)."""

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import berth
from berth.base.errors import InvalidArgument
from berth.cli.terminal import DetachFilter, RawMode, detach_keys, size
from berth.wire.stdcopy import STDOUT, frame
from tests.unit.cli.conftest import CONTAINER, FakeDaemon, Request, take_over

C = f"/containers/{CONTAINER}"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", b"\x10\x11"),
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("ctrl-@,ctrl-[,ctrl-_,a,DEL,-", b"\x00\x1b\x1fa\x7f-"),
        ("ctrl-\\,ctrl-],ctrl-^", b"\x1c\x1d\x1e"),
    ],
)
def test_keys(text: str, keys: bytes) -> None:
    assert detach_keys(text) == keys


@pytest.mark.parametrize("text", ["ctrl-", "ctrl-A", "ctrl-pq", "abc", "a,,b", "del"])
def test_no_keys(text: str) -> None:
    with pytest.raises(InvalidArgument, match="Unknown character"):
        detach_keys(text)


def test_the_beginning_is_held_back() -> None:
    keys = DetachFilter(b"\x10\x11")
    assert keys.feed(b"a\x10") == b"a"
    assert keys.feed(b"b") == b"\x10b"
    assert keys.feed(b"\x10\x10") == b"\x10"
    assert not keys.detached
    assert keys.feed(b"x\x10\x11never") == b"\x10x"
    assert keys.detached


ALPHABET = st.lists(st.sampled_from([b"a", b"b", b"\x10"]), max_size=30).map(b"".join)


@given(ALPHABET.filter(bool), ALPHABET, st.integers(1, 5))
def test_every_other_byte_arrives(sequence: bytes, typed: bytes, step: int) -> None:
    """What passes is what was typed before the sequence; without it only its beginning may be missing."""
    keys = DetachFilter(sequence)
    passed = b""
    for at in range(0, len(typed), step):
        if not keys.detached:
            passed += keys.feed(typed[at : at + step])
    end = typed.find(sequence)
    assert keys.detached == (end >= 0)
    if end >= 0:
        assert passed == typed[:end]
    else:
        held = typed[len(passed) :]
        assert passed + held == typed
        assert sequence.startswith(held)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def test_raw_mode_comes_and_goes(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    before = termios.tcgetattr(slave)
    raw = RawMode(slave)
    raw.restore()
    raw.enter()
    inside = termios.tcgetattr(slave)
    assert not inside[tty.LFLAG] & (termios.ECHO | termios.ICANON | termios.ISIG)
    assert not inside[tty.OFLAG] & termios.OPOST
    raw.restore()
    raw.restore()
    assert termios.tcgetattr(slave) == before


def test_size(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    assert size(slave) == (33, 101)
    reader, writer = os.pipe()
    assert size(writer) == (0, 0)
    os.close(reader)
    os.close(writer)


class Client:
    """The client in a process of its own, on a terminal of its own."""

    def __init__(self, words: list[str], env: dict[str, str]) -> None:
        # Opening it makes the terminal the new session's own, so that keys become signals.
        code = (
            "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR)); "
            f"sys.path.insert(0, {str(Path(berth.__file__).parents[1])!r}); "
            "sys.argv[0] = 'docker'; from berth.cli.__main__ import main; main()"
        )
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
        command = [sys.executable, "-I", "-S", "-c", code, *words]
        self.process = subprocess.Popen(
            command, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        self.pid = self.process.pid
        os.close(slave)
        self.shown = b""

    def until(self, text: bytes) -> None:
        """Read until ``text`` was shown."""
        while text not in self.shown:
            ready, _, _ = select.select([self.fd], [], [], 20)
            assert ready, self.shown
            self.shown += os.read(self.fd, 4096)

    def type(self, data: bytes) -> None:
        os.write(self.fd, data)

    def end(self) -> int:
        """Its exit code, once everything it wrote was read."""
        while True:
            ready, _, _ = select.select([self.fd], [], [], 20)
            assert ready, self.shown
            try:
                data = os.read(self.fd, 4096)
            except OSError:  # the last holder of the terminal is gone
                break
            if not data:
                break
            self.shown += data
        return self.process.wait(20)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(20)
        os.close(self.fd)


class Engine:
    """A container whose process echoes what is typed in brackets; ``finish`` ends it."""

    def __init__(self, daemon: FakeDaemon, *, tty: bool = True) -> None:
        self.daemon = daemon
        self.tty = tty
        self.code = 0
        self.over = threading.Event()
        self.resized = threading.Event()
        self.signals: list[str] = []
        self.stream: socket.socket | None = None
        daemon.at_close.append(self.over.set)
        described = {
            "Id": CONTAINER,
            "Config": {"Tty": tty, "OpenStdin": True},
            "State": {"Running": True, "Paused": False, "Restarting": False},
            "HostConfig": {"AutoRemove": False},
        }
        daemon.on("POST /containers/create", (201, {"Id": CONTAINER}))
        daemon.on("POST /containers/x/exec", (201, {"Id": "e1"}))
        daemon.on("GET /exec/e1/json", lambda request, sock: (200, {"ExitCode": self.code}))
        for path in (C, "/containers/x"):
            daemon.on(f"GET {path}/json", (200, described))
            daemon.on(f"POST {path}/attach", self.attach)
            daemon.on(f"POST {path}/start", (204, None))
            daemon.on(f"POST {path}/wait", self.wait)
            daemon.on(f"POST {path}/kill", self.kill)
            daemon.on(f"POST {path}/resize", self.resize)
        daemon.on("POST /exec/e1/start", self.attach)
        daemon.on("POST /exec/e1/resize", self.resize)

    def attach(self, request: Request, sock: socket.socket) -> None:
        take_over(sock)
        self.stream = sock
        self.write(b"ready\r\n")
        while data := sock.recv(4096):
            if data == b"!":
                self.over.set()
                return
            self.write(b"[%s]" % data.hex().encode())
        self.over.wait(20)

    def write(self, data: bytes) -> None:
        assert self.stream is not None
        self.stream.sendall(data if self.tty else frame(STDOUT, data))

    def wait(self, request: Request, sock: socket.socket) -> None:
        body = json.dumps({"StatusCode": self.code}).encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        self.over.wait(20)
        sock.sendall(body)

    def kill(self, request: Request, sock: socket.socket) -> tuple[int, Any]:
        self.signals.append(request.query["signal"])
        self.write(b"<%s>" % request.query["signal"].encode())
        return 204, None

    def resize(self, request: Request, sock: socket.socket) -> tuple[int, Any]:
        self.write(b"{%s x %s}" % (request.query["h"].encode(), request.query["w"].encode()))
        return 200, None


Start = Callable[..., Client]


@pytest.fixture
def start(daemon: FakeDaemon, tmp_path: Path) -> Iterator[Start]:
    clients: list[Client] = []

    def act(*words: str) -> Client:
        clients.append(Client(list(words), {"HOME": str(tmp_path), "DOCKER_HOST": f"unix://{daemon.path}"}))
        return clients[-1]

    yield act
    for client in clients:
        client.close()


def test_size_is_there_from_the_start(daemon: FakeDaemon, start: Start) -> None:
    Engine(daemon)
    client = start("run", "-it", "busybox")
    client.until(b"{33 x 101}")
    client.type(b"!")
    assert client.end() == 0
    assert daemon.asked("POST /containers/create").json["HostConfig"]["ConsoleSize"] == [33, 101]


def test_window_changes_follow(daemon: FakeDaemon, start: Start) -> None:
    Engine(daemon)
    client = start("run", "-it", "busybox")
    client.until(b"{33 x 101}")
    fcntl.ioctl(client.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 50, 0, 0))
    client.until(b"{20 x 50}")
    client.type(b"!")
    assert client.end() == 0


def test_detach_from_run_is_silent(daemon: FakeDaemon, start: Start) -> None:
    Engine(daemon)
    client = start("run", "-it", "busybox")
    client.until(b"ready")
    client.type(b"a")
    client.until(b"[61]")
    client.type(b"\x10")
    client.type(b"b")
    client.until(b"[1062]")
    before = len(client.shown)
    client.type(b"\x10\x11")
    assert client.end() == 0
    assert client.shown[before:].replace(b"{33 x 101}", b"") == b""


@pytest.mark.parametrize("words", [["attach", "x"], ["exec", "-it", "x", "sh"]], ids=["attach", "exec"])
def test_detach_elsewhere_says_so(words: list[str], daemon: FakeDaemon, start: Start) -> None:
    Engine(daemon)
    client = start(*words)
    client.until(b"ready")
    client.until(b"{33 x 101}")
    client.type(b"\x10\x11")
    assert client.end() == 1
    assert client.shown.endswith(b"read escape sequence\r\n")


def test_keys_of_ones_own(daemon: FakeDaemon, start: Start, tmp_path: Path) -> None:
    Engine(daemon)
    client = start("attach", "--detach-keys", "ctrl-x,y", "x")
    client.until(b"{33 x 101}")
    client.type(b"\x10\x11\x18z")
    client.until(b"187a]")
    client.type(b"\x18y")
    assert client.end() == 1
    request = daemon.asked("POST /containers/x/attach")
    assert request.query["detachKeys"] == "ctrl-x,y"


def test_keys_of_the_configuration(daemon: FakeDaemon, start: Start, tmp_path: Path) -> None:
    Engine(daemon)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text('{"detachKeys": "Q"}')
    client = start("attach", "x")
    client.until(b"{33 x 101}")
    client.type(b"Q")
    assert client.end() == 1


def test_attach_makes_the_screen_redraw_and_returns_the_code(daemon: FakeDaemon, start: Start) -> None:
    engine = Engine(daemon)
    engine.code = 4
    client = start("attach", "x")
    client.until(b"{34 x 102}")
    client.until(b"{33 x 101}")
    client.type(b"!")
    assert client.end() == 4


def test_exec_code(daemon: FakeDaemon, start: Start) -> None:
    engine = Engine(daemon)
    engine.code = 9
    client = start("exec", "-it", "x", "sh")
    client.until(b"ready")
    client.type(b"!")
    assert client.end() == 9
    assert daemon.asked("POST /exec/e1/start").json == {
        "Detach": False, "Tty": True, "ConsoleSize": [33, 101],
    }  # fmt: skip


def test_interrupt_of_a_terminal_is_a_byte(daemon: FakeDaemon, start: Start) -> None:
    engine = Engine(daemon)
    client = start("run", "-it", "busybox")
    client.until(b"{33 x 101}")
    client.type(b"\x03")
    client.until(b"[03]")
    client.type(b"!")
    assert client.end() == 0
    assert engine.signals == []


def test_signals_are_passed_on(daemon: FakeDaemon, start: Start) -> None:
    engine = Engine(daemon, tty=False)
    engine.code = 12
    client = start("run", "-i", "busybox")
    client.until(b"ready")
    client.type(b"\x03")
    client.until(b"<INT>")
    os.kill(client.pid, signal.SIGUSR1)
    client.until(b"<USR1>")
    os.kill(client.pid, signal.SIGRTMIN + 3)
    client.until(b"<RTMIN+3>")
    os.kill(client.pid, signal.SIGHUP)
    client.until(b"<HUP>")
    engine.over.set()
    assert engine.stream is not None
    engine.stream.shutdown(socket.SHUT_WR)
    assert client.end() == 12


def test_the_third_interrupt_ends_the_client_only(daemon: FakeDaemon, start: Start) -> None:
    engine = Engine(daemon, tty=False)
    client = start("run", "busybox")
    client.until(b"ready")
    for shown in (b"<INT>", b"<INT><INT>"):
        os.kill(client.pid, signal.SIGINT)
        client.until(shown)
    os.kill(client.pid, signal.SIGTERM)
    assert client.end() == 1
    assert client.shown.endswith(b"\r\ngot 3 SIGTERM/SIGINTs, forcefully exiting\r\n")
    assert not engine.over.is_set()


def test_no_signals_without_proxy(daemon: FakeDaemon, start: Start) -> None:
    engine = Engine(daemon, tty=False)
    client = start("run", "--sig-proxy=false", "busybox")
    client.until(b"ready")
    os.kill(client.pid, signal.SIGTERM)
    assert client.end() == -signal.SIGTERM
    assert engine.signals == []
