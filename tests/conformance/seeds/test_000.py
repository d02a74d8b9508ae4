"""Seed 000, word for word: "How Do I launch a container using an image ?" and "get inside an already
running container"."""

import re
import signal
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.host import connect_tcp
from tests.support.waiting import wait_until

LAUNCH = (
    "nvidia-docker run -ti --rm --shm-size=8g --ulimit memlock=-1 -p 8888:8888 "
    "-v {home}/projects/demo/:/demo demo_image:0.1 bash"
)
PROMPT = r"root@([0-9a-f]{12}):/# "
PROGRAM = "import time\nprint('epoch 1', flush=True)\nwhile True: time.sleep(0.1)\n"


@pytest.fixture
def home(debian_image: str, tmp_path: Path) -> Path:
    """/home/datascience, with a project in it."""
    (tmp_path / "projects/demo").mkdir(parents=True)
    (tmp_path / "projects/demo/run.py").write_text(PROGRAM)
    return tmp_path


def launch_line(engine: Engine, docker: Client, home: Path) -> str:
    """The seed's line; where the machine forbids what it asks of dockerd, dockerd's refusal is asserted
    and the flag left out."""
    line = LAUNCH.format(home=home)
    if engine.is_dockerd:
        refused = docker.shell(line.replace(" -ti", "").replace(" bash", " true"))
        if refused.code == 125:
            assert "error setting rlimit type 8: operation not permitted" in refused.err
            return line.replace(" --ulimit memlock=-1", "")
    return line


def test_launch(docker: Client, engine: Engine, home: Path) -> None:
    """A1.1, A1.13, A1.14, A1.15, A1.25, A1.24, A1.7: the main line, work inside, exit."""
    with docker.terminal_shell(launch_line(engine, docker, home)) as session:
        short = session.expect(PROMPT)[1].decode()
        session.line("cd /demo")
        session.expect(rf"root@{short}:/demo# ")
        session.line("df -h /dev/shm | tail -1")
        session.expect(r"shm +8\.0G")
        session.line("python3 -m http.server 8888 >/dev/null 2>&1 &")
        session.expect(rf"root@{short}:/demo# ")
        wait_until(lambda: engine.on_its_host(lambda: answers(8888)), "port 8888 of the host answers")
        session.line("nohup python run.py &")
        session.expect(rf"root@{short}:/demo# ")
        wait_until(lambda: "epoch 1" in output(home), "nohup.out on the host shows the program's output")
        assert docker.ok("ps", "-q") == short
        session.line("exit")
        session.expect("exit")
        assert session.wait() == 0
    wait_until(lambda: short not in docker.ok("ps", "-aq"), "--rm has removed the container")
    assert (home / "projects/demo/nohup.out").stat().st_uid == 0


def output(home: Path) -> str:
    file = home / "projects/demo/nohup.out"
    return file.read_text() if file.exists() else ""


def answers(port: int) -> bool:
    try:
        connect_tcp("127.0.0.1", port).close()
    except OSError:
        return False
    return True


def test_get_inside(docker: Client, engine: Engine, home: Path) -> None:
    """A1.23, A2.4, A2.6: the terminal is killed; ``ps -a``, ``exec -it ID /bin/bash``, ``stop ID``."""
    with docker.terminal_shell("exec " + launch_line(engine, docker, home)) as session:
        session.expect(PROMPT)
        session.line("cd /demo; nohup python run.py & ")
        session.expect(r"/demo# |/# ")
        wait_until(lambda: "epoch 1" in output(home), "the program runs")
        # not by hanging up: the stock client may pass SIGHUP on, and bash as process 1 ends by it
        session.signal(signal.SIGKILL)
        session.wait()
    listed = docker.shell("docker ps -a")
    short = re.search(r'^([0-9a-f]{12})   demo_image:0\.1   "bash"', listed.out, re.MULTILINE)[1]
    assert "Up " in listed.out
    with docker.terminal_shell(f"docker exec -it {short} /bin/bash") as session:
        session.expect(rf"root@{short}:/# ")
        session.line("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'python [r]un.py'")
        session.expect("python run.py\r\n")
        session.line("exit")
        assert session.wait() == 0
    stopped = docker.shell(f"docker stop -t 1 {short}")
    assert stopped == (0, f"{short}\n", "")
    wait_until(lambda: short not in docker.ok("ps", "-aq"), "--rm has removed the stopped container")


def test_commands_of_the_cheat_sheet(docker: Client, name: str) -> None:
    """Popular commands: those of this issue, as they are written, and the slip."""
    docker.ok("run", "--name", name, "busybox", "true")
    assert docker.shell("docker images").code == 0
    assert name in docker.shell("docker ps -a").out
    short = docker.ok("ps", "-aq", "--filter", f"name={name}")
    assert docker.shell(f"docker rm {short}").out == f"{short}\n"
    assert docker.shell(f"docker tag busybox {name}:1").code == 0
    assert docker.shell(f"docker rmi {name}:1").out == f"Untagged: {name}:1\n"
    assert docker.shell("docker commmit").code == 1


def test_every_listed_command_is_known(docker: Client) -> None:
    """All basic Commands: all but ``deploy``, which Docker itself has dropped."""
    words = (
        "attach build commit cp create diff events exec export history images "
        "import info inspect kill load login logout logs "
        "pause port ps pull push rename restart rm rmi run save search start "
        "stats stop tag top unpause update version wait"
    )
    for word in words.split():
        result = docker(word, "--help")
        assert (result.code, result.out.lstrip().startswith(("Usage:", "Start a build"))) == (0, True), word
    assert docker("deploy").code == 1
