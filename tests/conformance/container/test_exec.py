"""docker exec (A2.4, A7 exec)."""

import re

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.http import Api, split_streams
from tests.support.terminal import CTRL_P, CTRL_Q
from tests.support.waiting import wait_until


@pytest.fixture
def sleeper(docker: Client, name: str) -> str:
    """A container that does nothing for a while; its id."""
    return docker.ok("run", "-d", "--name", name, "busybox", "sleep", "300")


def test_streams_and_code(docker: Client, sleeper: str) -> None:
    """A2.4: output apart, exit code passed on."""
    result = docker("exec", sleeper, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert result == (3, "out\n", "err\n")


@pytest.mark.parametrize("code", [0, 1, 126, 127, 255])
def test_every_exit_code(docker: Client, sleeper: str, code: int) -> None:
    """A2.4."""
    assert docker("exec", sleeper, "sh", "-c", f"exit {code}").code == code


def test_stdin(docker: Client, sleeper: str) -> None:
    """A2.4: -i gives input and its end; without it there is none."""
    assert docker("exec", "-i", sleeper, "cat", stdin="a\nb") == (0, "a\nb", "")
    assert docker("exec", sleeper, "cat", stdin="a\nb") == (0, "", "")


def test_every_byte(docker: Client, sleeper: str) -> None:
    """C2: 4 MB of binary through an exec and back."""
    data = bytes(range(256)) * 16384
    done = docker.binary("exec", "-i", sleeper, "cat", stdin=data)
    assert (done.returncode, done.stdout) == (0, data)


def test_terminal_of_its_own(docker: Client, sleeper: str) -> None:
    """A2.4: pts/0 beside a container without a terminal; exit code comes through; the container goes on."""
    with docker.terminal("exec", "-it", sleeper, "sh", size=(31, 97)) as session:
        session.line("while ! stty size | grep '31 97'; do usleep 10000; done; tty")
        session.expect("31 97\r\n")
        session.expect("/dev/pts/[0-9]")
        session.line("exit 3")
        assert session.wait() == 3
    assert docker.ok("inspect", "-f", "{{.State.Running}}", sleeper) == "true"


def test_detach_keys(docker: Client, sleeper: str) -> None:
    """A2.1: leaving an exec by keys prints "read escape sequence", exits 1; its process goes on."""
    with docker.terminal("exec", "-it", sleeper, "sh") as session:
        session.line("sleep 777 & echo st''arted")
        session.expect("started\r\n")
        session.send(CTRL_P + CTRL_Q)
        session.expect("read escape sequence")
        assert session.wait() == 1
    assert "sleep 777" in docker.ok("exec", sleeper, "ps")


def test_detached(docker: Client, sleeper: str) -> None:
    """A7 exec: -d prints nothing and does not wait."""
    assert docker("exec", "-d", sleeper, "sh", "-c", "echo done > /made; sleep 100") == (0, "", "")
    wait_until(
        lambda: docker("exec", sleeper, "cat", "/made").out == "done\n", "the detached process has run"
    )


def test_environment_user_and_directory(docker: Client, sleeper: str) -> None:
    """A7 exec: -e, -w, -u; the container's own environment is there too."""
    words = ("-e", "A=1", "-e", "B", "-w", "/tmp", "-u", "demo:video")
    result = docker(
        "exec",
        *words,
        sleeper,
        "sh",
        "-c",
        "echo $A $B; pwd; id -un; id -gn; echo $HOME $PATH",
        env={"B": "2"},
    )
    lines = result.out.splitlines()
    assert lines[:4] == ["1 2", "/tmp", "demo", "video"]
    assert lines[4].startswith("/home/demo /usr/local/sbin:")


def test_env_file(docker: Client, sleeper: str, tmp_path) -> None:
    """A7 exec: --env-file."""
    (tmp_path / "env").write_text("X=from file\n")
    assert (
        docker.ok("exec", "--env-file", str(tmp_path / "env"), sleeper, "sh", "-c", "echo $X") == "from file"
    )


def test_takes_the_containers_settings(docker: Client, name: str) -> None:
    """A2.4: user, directory and environment default to the container's."""
    docker.ok(
        "run", "-d", "--name", name, "-u", "demo", "-w", "/home/demo", "-e", "K=v", "busybox", "sleep", "300"
    )
    assert docker.ok("exec", name, "sh", "-c", "id -un; pwd; echo $K") == "demo\n/home/demo\nv"


def test_runs_inside_all_namespaces_and_limits(docker: Client, sleeper: str) -> None:
    """A2.4: the process sees the container's processes, network, hostname and capabilities."""
    look = "hostname; readlink /proc/self/ns/net; readlink /proc/self/ns/pid; grep CapBnd /proc/self/status"
    same = "hostname; readlink /proc/1/ns/net; readlink /proc/1/ns/pid; grep CapBnd /proc/1/status"
    assert docker.ok("exec", sleeper, "sh", "-c", look) == docker.ok("exec", sleeper, "sh", "-c", same)


def test_paused(docker: Client, sleeper: str, name: str) -> None:
    """A2.4."""
    docker.ok("pause", sleeper)
    result = docker("exec", name, "true")
    assert result.code == 1
    assert (
        result.err
        == f"Error response from daemon: Container {name} is paused, unpause the container before exec\n"
    )


def test_stopped(docker: Client, name: str, engine: Engine) -> None:
    """A2.4: 20.10 and later say the id; the code is 1."""
    full = docker.ok("create", "--name", name, "busybox")
    result = docker("exec", name, "true")
    assert result.code == 1
    said = expect(
        engine, dockerd=f"Container {full} is not running", berthd=f"container {full} is not running"
    )
    assert said.lower() in result.err.lower()


def test_unknown(docker: Client) -> None:
    """A2.4."""
    assert docker("exec", "no-such", "true") == (
        1,
        "",
        "Error response from daemon: No such container: no-such\n",
    )


def test_missing_program(docker: Client, sleeper: str, engine: Engine) -> None:
    """A2.4: 127; dockerd 20.10 answers 126 and puts the text into the stream."""
    result = docker("exec", sleeper, "nope-no-such")
    assert result.code == expect(engine, dockerd=126, berthd=127)
    assert 'exec: "nope-no-such": executable file not found in $PATH' in result.out + result.err


def test_program_without_permission(docker: Client, sleeper: str) -> None:
    """A2.4: 126."""
    result = docker("exec", sleeper, "/etc/passwd")
    assert result.code == 126
    assert "permission denied" in result.out + result.err


def test_unknown_user(docker: Client, sleeper: str) -> None:
    """Bad input: a user that the image does not have; never run as someone else."""
    result = docker("exec", "-u", "nobody-here", sleeper, "true")
    assert result.code != 0
    assert "unable to find user nobody-here: no matching entries in passwd file" in result.out + result.err


def test_missing_directory(docker: Client, sleeper: str) -> None:
    """Bad input: -w that does not exist fails; unlike run, exec makes nothing."""
    result = docker("exec", "-w", "/no/such", sleeper, "pwd")
    assert result.code in (126, 127)
    assert "no such file or directory" in (result.out + result.err).lower()
    assert docker("exec", sleeper, "test", "-e", "/no").code == 1


def test_no_command(docker: Client) -> None:
    """Bad input."""
    result = docker("exec", "anything")
    assert result.code == 1
    assert "'docker exec' requires at least 2 arguments" in result.err


def test_needs_a_terminal(docker: Client, sleeper: str) -> None:
    """A1.6 by exec."""
    assert docker("exec", "-it", sleeper, "true") == (1, "", "the input device is not a TTY\n")


def test_relative_directory_is_refused_by_the_api(api: Api, sleeper: str) -> None:
    """Bad input: the engine, not the client, checks the working directory's existence at start only."""
    reply = api.post(f"/containers/{sleeper}/exec", {"Cmd": []})
    assert reply.status == 400
    assert reply.message == "No exec command specified"


def test_inspect(api: Api, sleeper: str) -> None:
    """A7 exec: GET /exec/ID/json before, while and after; the container lists its execs."""
    made = api.post(
        f"/containers/{sleeper}/exec",
        {"Cmd": ["sh", "-c", "read x; exit 5"], "AttachStdin": True, "AttachStdout": True},
    )
    assert made.status == 201
    one = made.json()["Id"]
    assert re.fullmatch("[0-9a-f]{64}", one)
    before = api.get(f"/exec/{one}/json").json()
    assert (before["Running"], before["ExitCode"], before["Pid"]) == (False, None, 0)
    assert before["ProcessConfig"]["entrypoint"] == "sh"
    assert before["ProcessConfig"]["arguments"] == ["-c", "read x; exit 5"]
    assert before["ContainerID"] == sleeper
    taken = api.take("POST", f"/exec/{one}/start", json_body={"Detach": False, "Tty": False})
    running = wait_until(
        lambda: (row := api.get(f"/exec/{one}/json").json())["Running"] and row["Pid"] and row, "it runs"
    )
    assert running["ExitCode"] is None
    assert one in api.get(f"/containers/{sleeper}/json").json()["ExecIDs"]
    taken.sock.sendall(b"go\n")
    taken.read_all()
    after = wait_until(
        lambda: (row := api.get(f"/exec/{one}/json").json())["Running"] is False and row, "it has ended"
    )
    assert after["ExitCode"] == 5


def test_start_twice(api: Api, sleeper: str, engine: Engine) -> None:
    """Bad input: an exec runs once."""
    one = api.post(f"/containers/{sleeper}/exec", {"Cmd": ["true"], "AttachStdout": True}).json()["Id"]
    api.take("POST", f"/exec/{one}/start", json_body={}).read_all()
    again = api.post(f"/exec/{one}/start", {"Detach": True})
    assert again.status == 409
    said = expect(engine, dockerd=f"Error: Exec command {one}", berthd=f"exec command {one}")
    assert again.message == f"{said} has already run"


def test_many_at_once(api: Api, sleeper: str) -> None:
    """A2.4: execs side by side keep their streams apart."""
    taken = []
    for number in range(8):
        made = api.post(
            f"/containers/{sleeper}/exec",
            {
                "Cmd": ["sh", "-c", "read x; echo $x; echo e$x >&2"],
                "AttachStdin": True,
                "AttachStdout": True,
                "AttachStderr": True,
            },
        )
        taken.append((number, api.take("POST", f"/exec/{made.json()['Id']}/start", json_body={})))
    for number, stream in reversed(taken):
        stream.sock.sendall(f"{number}\n".encode())
        assert split_streams(stream.read_all()) == {
            "stdout": f"{number}\n".encode(),
            "stderr": f"e{number}\n".encode(),
        }


def test_ends_with_its_container(docker: Client, sleeper: str) -> None:
    """A1.24: a process of an exec dies with the container, its client with 137."""
    with docker.piped("exec", sleeper, "sh", "-c", "echo ready; exec sleep 300") as session:
        session.expect("ready")
        docker.ok("kill", sleeper)
        assert session.wait() == 137


def test_gone_with_the_container(docker: Client, api: Api, sleeper: str) -> None:
    """A7 exec: an exec of a removed container is unknown."""
    one = api.post(f"/containers/{sleeper}/exec", {"Cmd": ["true"]}).json()["Id"]
    docker.ok("rm", "-f", sleeper)
    reply = api.post(f"/exec/{one}/start", {})
    assert reply.status == 404
    assert "No such" in reply.message


def test_privileged(docker: Client, sleeper: str, engine: Engine) -> None:
    """A7 exec --privileged: where the machine withholds capabilities 20.10 fails, berth gives those it
    has."""
    result = docker("exec", "--privileged", sleeper, "grep", "CapEff", "/proc/self/status")
    plain = int(docker.ok("exec", sleeper, "grep", "CapEff", "/proc/self/status").split()[1], 16)
    if result.code == 0:
        assert int(result.out.split()[1], 16) > plain
    else:
        assert engine.is_dockerd
        assert "operation not permitted" in result.out + result.err
