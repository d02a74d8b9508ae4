"""docker attach (A2.1-A2.3, A7 attach)."""

import signal
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.http import Api, split_streams
from tests.support.terminal import CTRL_C, CTRL_P, CTRL_Q
from tests.support.waiting import wait_until


def shell(docker: Client, name: str) -> None:
    docker.ok("run", "-dit", "--name", name, "busybox")


def test_joins_the_terminal_and_detaches(docker: Client, name: str) -> None:
    """A2.1, A2.2: Ctrl-p Ctrl-q prints "read escape sequence", exits 1 and leaves the container running."""
    shell(docker, name)
    with docker.terminal("attach", name) as session:
        session.line("echo he''re")
        session.expect("here\r\n")
        session.send(CTRL_P + CTRL_Q)
        session.expect("read escape sequence")
        assert session.wait() == 1
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_exit_code_is_the_containers(docker: Client, name: str) -> None:
    """A2.2."""
    shell(docker, name)
    with docker.terminal("attach", name) as session:
        session.line("exit 11")
        assert session.wait() == 11


def test_two_see_the_same(docker: Client, name: str) -> None:
    """A2.2: two attaches at once see the same bytes."""
    shell(docker, name)
    with docker.terminal("attach", name) as first, docker.terminal("attach", name) as second:
        first.line("echo fir''st")
        first.expect("first\r\n")
        second.expect("first\r\n")
        second.line("echo sec''ond")
        second.expect("second\r\n")
        first.expect("second\r\n")
        first.line("exit 4")
        assert first.wait() == 4
        assert second.wait() == 4


def test_new_output_only(docker: Client, name: str) -> None:
    """A2.2: no history; after a detach a second attach joins again."""
    docker.ok(
        "run", "-dit", "--name", name, "busybox", "sh", "-c", "echo early; while read x; do echo got $x; done"
    )
    wait_until(lambda: "early" in docker.ok("logs", name), "the first line is in the log")
    for word in ("one", "two"):
        with docker.terminal("attach", name) as session:
            session.line(word)
            session.expect(f"got {word}\r\n")
            session.send(CTRL_P + CTRL_Q)
            assert session.wait() == 1
            assert b"early" not in session.seen


def test_resizes_to_the_new_terminal(docker: Client, name: str) -> None:
    """A2.2: the client resizes, so the container's terminal has the attaching window's size."""
    shell(docker, name)
    with docker.terminal("attach", name, size=(37, 111)) as session:
        session.line("while ! stty size | grep '37 111'; do usleep 10000; done")
        session.expect("37 111\r\n")
        session.line("exit")


def test_detach_keys_flag(docker: Client, name: str) -> None:
    """A2.1: --detach-keys on attach."""
    shell(docker, name)
    with docker.terminal("attach", "--detach-keys", "ctrl-g,q", name) as session:
        session.line("echo he''re")
        session.expect("here\r\n")
        session.send(b"\x07q")
        session.expect("read escape sequence")
        assert session.wait() == 1


def test_stopped_container(docker: Client, name: str) -> None:
    """A2.2: the client's own text, exit 1."""
    docker.ok("create", "--name", name, "busybox")
    result = docker("attach", name)
    assert result.code == 1
    assert result.err == "You cannot attach to a stopped container, start it first\n"


def test_paused_container(docker: Client, name: str) -> None:
    """A2.2: a paused one must be unpaused first."""
    docker.ok("run", "-d", "--name", name, "busybox", "sleep", "100")
    docker.ok("pause", name)
    result = docker("attach", name)
    assert result.code == 1
    assert "You cannot attach to a paused container, unpause it first" in result.err


def test_unknown_container(docker: Client) -> None:
    """A2.2."""
    assert docker("attach", "no-such") == (1, "", "Error response from daemon: No such container: no-such\n")


def test_attach_has_no_it_flags(docker: Client, client_command: str) -> None:
    """A2.3: the seed's slip; the stock client refuses it with 125."""
    if client_command != "docker":
        pytest.skip("A2.3 lets another client accept -it with a note")
    result = docker("attach", "-it", "jupyter")
    assert result.code == 125
    assert "unknown shorthand flag: 'i' in -it" in result.err


def test_streams_stay_apart_without_a_terminal(docker: Client, name: str, tmp_path: Path) -> None:
    """A7 attach: frames of standard output and error arrive in their own stream."""
    script = "while read x; do echo out $x; echo err $x >&2; done"
    docker.ok("run", "-di", "--name", name, "busybox", "sh", "-c", script)
    errors = tmp_path / "errors"
    with docker.piped_shell(f"docker attach {name} 2>{errors}") as session:
        session.send("1\n2\n")
        session.expect("out 1\nout 2\n")
        wait_until(lambda: errors.read_text() == "err 1\nerr 2\n", "both lines are on standard error")
        assert session.seen == b"out 1\nout 2\n"


def test_no_stdin(docker: Client, name: str) -> None:
    """A7 attach: --no-stdin keeps the input away."""
    docker.ok("run", "-di", "--name", name, "busybox", "sh", "-c", "while read x; do echo got $x; done")
    with docker.piped("attach", "--no-stdin", name) as watching, docker.piped("attach", name) as typing:

        def typed_words_are_seen() -> bool:
            typing.send("word\n")
            return watching.shows("got word\n", timeout=0.2)

        wait_until(typed_words_are_seen, "both clients are attached")
        watching.send("unheard\n")
        typing.send("last\n")
        watching.expect("got last\n")
        assert b"unheard" not in watching.seen
        docker.ok("kill", name)
        assert typing.wait() == 137
        assert watching.wait() == 137


def test_sig_proxy(docker: Client, name: str) -> None:
    """A7 attach: without a terminal signals are passed on unless --sig-proxy=false."""
    script = "trap 'echo caught; exit 6' INT; echo ready; while :; do echo tick; sleep 0.05; done"
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", script)
    with docker.piped("attach", "--sig-proxy=false", name) as session:
        session.expect("tick")
        session.signal(signal.SIGINT)
        session.expect("tick")
    assert docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"
    with docker.piped("attach", name) as session:
        session.expect("tick")
        session.signal(signal.SIGINT)
        session.expect("caught")
        assert session.wait() == 6


def test_ctrl_c_goes_through_the_terminal(docker: Client, name: str) -> None:
    """A1.22 by attach."""
    docker.ok(
        "run",
        "-dit",
        "--name",
        name,
        "busybox",
        "sh",
        "-c",
        "trap 'exit 8' INT; while read x; do echo $x; done",
    )
    with docker.terminal("attach", name) as session:
        session.line("wo''rd")
        session.expect("wo''rd\r\nwo''rd\r\n")
        session.send(CTRL_C)
        assert session.wait() == 8


def test_logs_and_stream_together(docker: Client, api: Api, name: str) -> None:
    """A7 attach: the API gives the log so far and goes on with what is new."""
    docker.ok(
        "run", "-di", "--name", name, "busybox", "sh", "-c", "echo early; read x; echo late >&2; exit 0"
    )
    wait_until(lambda: docker.ok("logs", name) == "early", "the first line is in the log")
    taken = api.take("POST", f"/containers/{name}/attach", logs=1, stream=1, stdin=1, stdout=1, stderr=1)
    taken.sock.sendall(b"go\n")
    assert split_streams(taken.read_all()) == {"stdout": b"early\n", "stderr": b"late\n"}


def test_logs_only(docker: Client, api: Api, name: str) -> None:
    """A7 attach: ``logs=1`` without ``stream`` ends by itself."""
    docker.ok("run", "--name", name, "busybox", "sh", "-c", "echo a; echo b >&2")
    taken = api.take("POST", f"/containers/{name}/attach", logs=1, stdout=1, stderr=1)
    assert split_streams(taken.read_all()) == {"stdout": b"a\n", "stderr": b"b\n"}


def test_detach_keys_by_the_api(docker: Client, api: Api, name: str) -> None:
    """A2.1: the daemon filters too, for users of the API who send detachKeys."""
    shell(docker, name)
    taken = api.take(
        "POST", f"/containers/{name}/attach", stream=1, stdin=1, stdout=1, stderr=1, detachKeys="ctrl-x,y"
    )
    taken.sock.sendall(b"echo a''b\r")
    taken.read_until(b"ab\r\n")
    taken.sock.sendall(b"\x18y")
    taken._replace(early=b"").read_all()
    assert api.get(f"/containers/{name}/json").json()["State"]["Running"] is True
