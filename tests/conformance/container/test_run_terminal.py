"""docker run at a terminal: keys, sizes, detaching, and clients that die (A1.6, A1.22-A1.25, A2.1)."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.terminal import CTRL_C, CTRL_P, CTRL_Q, CTRL_X, Session
from tests.support.waiting import wait_until

READY_ON_INT = "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done"


def running(docker: Client, name: str) -> bool:
    return docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def shell_prompt(session: Session) -> None:
    """The shell is there and answers; typed text is echoed, so the awaited words are not the typed ones."""
    session.line("echo re''ady")
    session.expect("ready\r\n")


@pytest.mark.parametrize("flags", ["-it", "-ti"])
def test_needs_a_terminal(docker: Client, name: str, flags: str) -> None:
    """A1.6: when stdin is no terminal, exit 1 and nothing is created."""
    result = docker("run", flags, "--name", name, "busybox", "true")
    assert result.code == 1
    assert "the input device is not a TTY" in result.err
    assert docker.ok("ps", "-aq", "--filter", f"name={name}") == ""


def test_exit_code_of_a_shell(docker: Client, name: str) -> None:
    """A1.24: ``exit 7`` typed into the shell is the client's code."""
    with docker.terminal("run", "-it", "--name", name, "busybox") as session:
        shell_prompt(session)
        session.line("exit 7")
        assert session.wait() == 7
    assert docker.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "7"


def test_prompt_and_environment(docker: Client, name: str) -> None:
    """A1.25: HOSTNAME is the short id, TERM=xterm because there is a terminal, cwd /."""
    with docker.terminal("run", "-it", "--rm", "--name", name, "busybox", env={"TERM": "dumb"}) as session:
        shell_prompt(session)
        session.line("echo [$TERM] [$HOSTNAME] [$(pwd)] [$(tty)]")
        match = session.expect(r"\[xterm\] \[([0-9a-f]{12})\] \[/\] \[/dev/pts/0\]")
        assert docker.ok("inspect", "-f", "{{.Id}}", name).startswith(match[1].decode())
        session.line("exit")
        assert session.wait() == 0


@pytest.mark.parametrize("size", [(24, 80), (51, 173), (7, 40)])
def test_size_is_right_before_the_first_command(
    docker: Client, engine: Engine, size: tuple[int, int]
) -> None:
    """A1.6: ``stty size`` as the container's first program sees the client's size; dockerd sets it a bit
    later."""
    late = "until stty size | grep '[0-9] [0-9]'; do usleep 10000; done"
    look = expect(engine, dockerd=late, berthd="stty size")
    with docker.terminal("run", "-it", "--rm", "busybox", "sh", "-c", look, size=size) as session:
        session.expect(rf"{size[0]} {size[1]}\r\n")
        assert session.wait() == 0


def test_size_follows_the_client(docker: Client) -> None:
    """A1.6: a resized window arrives in the container."""
    with docker.terminal("run", "-it", "--rm", "busybox", size=(24, 80)) as session:
        shell_prompt(session)
        session.line("trap 'echo now $(stty size)' WINCH; echo w''aiting")
        session.expect("waiting\r\n")
        session.resize(33, 99)
        session.line("while ! stty size | grep '33 99'; do usleep 10000; done")
        session.expect("33 99\r\n")
        session.line("exit")


def test_output_of_a_terminal_is_one_stream_with_crlf(docker: Client, name: str) -> None:
    """A3.4: with a terminal everything is standard output with CR LF, in the log too."""
    with docker.terminal(
        "run", "-it", "--name", name, "busybox", "sh", "-c", "echo out; echo err >&2"
    ) as session:
        assert session.rest() == b"out\r\nerr\r\n"
        assert session.wait() == 0
    logs = docker.binary("logs", name)
    assert (logs.stdout, logs.stderr) == (b"out\r\nerr\r\n", b"")


def test_detach_keys(docker: Client, name: str) -> None:
    """A2.1: Ctrl-p Ctrl-q leaves the container running; run exits 0."""
    with docker.terminal("run", "-it", "--name", name, "busybox") as session:
        shell_prompt(session)
        session.send(CTRL_P + CTRL_Q)
        rest = session.rest()
        assert session.wait() == 0
    assert b"escape" not in rest
    assert running(docker, name)


def test_detach_keys_one_at_a_time(docker: Client, name: str) -> None:
    """A2.1: the two keys may come in separate packets, with output in between."""
    with docker.terminal(
        "run", "-it", "--name", name, "busybox", "sh", "-c", "echo ready; cat -v"
    ) as session:
        session.expect("ready\r\n")
        session.send(CTRL_P)
        session.send("")
        session.send(CTRL_Q)
        assert session.wait() == 0
    assert running(docker, name)


def test_ctrl_p_is_held_back_until_the_next_key(docker: Client, name: str) -> None:
    """A2.1: Ctrl-p and then another key sends both."""
    show = "stty -echo raw; echo ready; dd bs=1 count=2 2>/dev/null | hexdump -C"
    with docker.terminal("run", "-it", "--rm", "--name", name, "busybox", "sh", "-c", show) as session:
        session.expect("ready")
        session.send(CTRL_P)
        session.send(b"a")
        session.expect("10 61")


def test_detach_keys_flag(docker: Client, name: str) -> None:
    """A2.1: --detach-keys replaces the default, which then reaches the process."""
    with docker.terminal(
        "run", "-it", "--detach-keys", "ctrl-x", "--name", name, "busybox", "cat", "-v"
    ) as session:
        session.send(CTRL_P + CTRL_Q + b"\r")
        session.expect(r"\^P\^?Q?")
        session.send(CTRL_X)
        assert session.wait() == 0
    assert running(docker, name)


def test_detach_keys_of_the_clients_configuration(docker: Client, name: str, tmp_path: Path) -> None:
    """A2.1: ``detachKeys`` in the client's config file."""
    (tmp_path / "config.json").write_text(json.dumps({"detachKeys": "ctrl-a,b"}))
    environment = {"DOCKER_CONFIG": str(tmp_path)}
    with docker.terminal("run", "-it", "--name", name, "busybox", env=environment) as session:
        shell_prompt(session)
        session.send(b"\x01b")
        assert session.wait() == 0
    assert running(docker, name)


@pytest.mark.parametrize("keys", ["ctrl-", "bad-keys", "ctrl-!"])
def test_bad_detach_keys(docker: Client, name: str, keys: str) -> None:
    """Bad input: keys that cannot be parsed."""
    with docker.terminal("run", "-it", "--detach-keys", keys, "--name", name, "busybox") as session:
        assert re.search(rb"nvalid|unable to upgrade to tcp, received 400", session.rest())
        assert session.wait() == 1
    assert docker.ok("ps", "-q", "--filter", f"name={name}") == ""


def test_ctrl_c_reaches_the_process(docker: Client, name: str) -> None:
    """A1.22: a shell trap exits with its own code."""
    with docker.terminal("run", "-it", "--name", name, "busybox", "sh", "-c", READY_ON_INT) as session:
        session.expect("ready")
        session.send(CTRL_C)
        assert session.wait() == 9


def test_ctrl_c_is_ignored_by_a_first_process_without_a_handler(docker: Client, name: str) -> None:
    """A1.22: process 1 without a handler does not die, the kernel sees to that."""
    with docker.terminal("run", "-it", "--name", name, "busybox", "sleep", "300") as session:
        wait_until(lambda: docker("exec", name, "pidof", "sleep").out == "1\n", "sleep is process 1")
        session.send(CTRL_C)
        session.expect(r"\^C")
        assert running(docker, name)
        session.send(CTRL_P + CTRL_Q)
        assert session.wait() == 0
    assert running(docker, name)


def test_ctrl_c_with_init_ends_a_sleep(docker: Client, name: str) -> None:
    """A1.22: --init makes ``sleep`` die, with 130."""
    words = ("run", "-it", "--init", "--name", name, "busybox", "sh", "-c", "echo ready; exec sleep 300")
    with docker.terminal(*words) as session:
        session.expect("ready")
        # init hands the terminal to its child a moment after it has started it
        while session.process.poll() is None:
            session.send(CTRL_C)
            session.shows("nothing more", timeout=0.1)
        assert session.wait() == 130


def test_signal_to_a_client_without_a_terminal_is_passed_on(docker: Client, name: str) -> None:
    """A1.22: without -t the client forwards SIGINT."""
    with docker.piped("run", "--name", name, "busybox", "sh", "-c", READY_ON_INT) as session:
        session.expect("ready")
        session.signal(signal.SIGINT)
        assert session.wait() == 9


def test_third_interrupt_makes_the_client_give_up(docker: Client, name: str) -> None:
    """A1.22: the client leaves with 1 and says so, the container goes on."""
    deaf = "trap 'echo heard' INT; echo ready; while :; do sleep 0.05; done"
    with docker.piped("run", "--name", name, "busybox", "sh", "-c", deaf) as session:
        session.expect("ready")
        for _ in range(2):
            session.signal(signal.SIGINT)
            session.expect("heard")
        session.signal(signal.SIGINT)
        session.expect("got 3 SIGTERM/SIGINTs, forcefully exiting")
        assert session.wait() == 1
    assert running(docker, name)


@pytest.mark.parametrize("death", ["SIGKILL", "SIGHUP", "SIGTERM", "closed terminal"])
def test_container_survives_the_death_of_its_client(docker: Client, name: str, death: str) -> None:
    """A1.23: its shell and its background job go on, even with --rm."""
    with docker.terminal("run", "-it", "--rm", "--name", name, "busybox") as session:
        shell_prompt(session)
        session.line("sleep 4321 & echo st''arted")
        session.expect("started\r\n")
        if death == "closed terminal":
            session.hang_up()
        else:
            session.signal(signal.Signals[death])
        assert "sleep 4321" in docker.ok("exec", name, "ps")
    # a client that shrugged the signal off is killed for good on the way out of the block
    assert running(docker, name)
    assert "sleep 4321" in docker.ok("exec", name, "ps")


def test_coming_back_with_exec(docker: Client, name: str) -> None:
    """A1.23, A2.4: ``exec -it`` gives a second shell beside the first; leaving it stops nothing."""
    docker.ok("run", "-dit", "--name", name, "busybox")
    with docker.terminal("exec", "-it", name, "/bin/sh") as session:
        shell_prompt(session)
        session.line("tty; exit 3")
        session.expect("/dev/pts/1")
        assert session.wait() == 3
    assert running(docker, name)


def test_detached_with_a_terminal(docker: Client, name: str) -> None:
    """A1.8: ``-it -d`` keeps a terminal for a later attach."""
    docker.ok("run", "-it", "-d", "--name", name, "busybox")
    assert docker.ok("inspect", "-f", "{{.Config.Tty}} {{.Config.OpenStdin}}", name) == "true true"
    with docker.terminal("attach", name) as session:
        shell_prompt(session)
        session.line("exit 5")
        assert session.wait() == 5


def test_end_of_input(docker: Client, name: str) -> None:
    """A1.24: Ctrl-d at the start of a line is the end of input."""
    with docker.terminal("run", "-it", "--rm", "--name", name, "busybox", "cat") as session:
        session.line("word")
        session.expect("word\r\nword\r\n")
        session.send(b"\x04")
        assert session.wait() == 0
    wait_until(lambda: not docker.ok("ps", "-aq", "--filter", f"name={name}"), "the container is removed")


def test_tty_without_stdin(docker: Client) -> None:
    """A1.6: -t alone works without a terminal on the client's side."""
    result = docker.binary("run", "--rm", "-t", "busybox", "sh", "-c", "tty; echo err >&2")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"/dev/pts/0\r\nerr\r\n", b"")
