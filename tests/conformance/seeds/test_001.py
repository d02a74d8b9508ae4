"""Seed 001, word for word: "Running a container", and its example that pulls everything together."""

import re
from pathlib import Path

import pytest

from tests.support.archive import Entry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.host import connect_tcp
from tests.support.images import cache_directory, debian
from tests.support.terminal import CTRL_P, CTRL_Q
from tests.support.waiting import wait_until

PROMPT = r"root@[0-9a-f]{12}:/(home)?# "
NOTEBOOK = """
import http.server, sys
class Notebook(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'jupyter')
        print('GET', self.path, flush=True)
    def log_message(self, *words): pass
server = http.server.HTTPServer(('0.0.0.0', 8889), Notebook)
print('Serving notebooks on port 8889', flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def image_name(debian_image: str) -> str:
    """An image whose command is a shell."""
    return debian_image


@pytest.fixture(scope="module")
def jupyter_base(engine: Engine, debian_image: str) -> str:
    """An image that starts a notebook server at port 8889 by itself."""
    program = Entry("notebook.py", NOTEBOOK.encode())
    engine.load(
        debian(cache_directory(), ("jupyter_base:latest",), extra=[program], Cmd=["python3", "/notebook.py"])
    )
    return "jupyter_base"


@pytest.fixture(autouse=True)
def none_of_these_names(docker: Client) -> None:
    """The seed's names are free."""
    docker("rm", "-f", "container_name", "jupyter")


def running(docker: Client, name: str) -> bool:
    return docker.ok("inspect", "-f", "{{.State.Running}}", name) == "true"


def test_plain_run(docker: Client, image_name: str) -> None:
    """``docker run --name=container_name image_name``: bash without a terminal ends at once."""
    assert docker.shell(f"docker run --name=container_name {image_name}") == (0, "", "")
    assert docker.ok("ps", "-a", "--format", "{{.Names}} {{.Status}}").startswith("container_name Exited (0)")


def test_it(docker: Client, image_name: str) -> None:
    """``-it`` runs the container interactively and opens the shell; ``exit`` stops it."""
    with docker.terminal_shell(f"docker run -it --name=container_name {image_name}") as session:
        session.expect(PROMPT)
        session.line("exit")
        assert session.wait() == 0
    assert not running(docker, "container_name")


def test_rm(docker: Client, image_name: str) -> None:
    """``--rm`` destroys the container as soon as you exit."""
    with docker.terminal_shell(f"docker run -it --rm --name=container_name {image_name}") as session:
        session.expect(PROMPT)
        session.line("exit")
        session.wait()
    wait_until(lambda: docker("inspect", "container_name").code == 1, "the container is removed")


def test_d_and_w(docker: Client, image_name: str) -> None:
    """``-d`` detached, without taking up the terminal; ``-w`` sets the working directory."""
    started = docker.shell(
        f"docker run -d -w /opt/work --name=container_name {image_name} sh -c 'pwd; sleep 300'"
    )
    assert re.fullmatch("[0-9a-f]{64}\n", started.out)
    wait_until(lambda: docker.ok("logs", "container_name") == "/opt/work", "it has printed its directory")


def test_volumes(docker: Client, image_name: str, tmp_path: Path) -> None:
    """``-v /host/path:/container/path`` repeated, and ``-v abstract:/container_path``."""
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
    line = (
        f"docker run --rm -v {tmp_path}/1:/container/path/1 -v "
        f"{tmp_path}/2:/container/path/2 -v abstract:/container_path "
        f"{image_name} bash -c 'for d in /container/path/1 /container/path/2 "
        f"/container_path; do echo data > $d/file; done'"
    )
    assert docker.shell(line) == (0, "", "")
    assert [(tmp_path / str(n) / "file").read_text() for n in (1, 2)] == ["data\n", "data\n"]
    assert docker.shell("docker volume ls -q").out == "abstract\n"
    assert (
        docker.shell(f"docker run --rm -v abstract:/elsewhere {image_name} cat /elsewhere/file").out
        == "data\n"
    )


def test_leave_and_come_back(docker: Client, image_name: str) -> None:
    """``Ctrl+p, Ctrl+q`` quits without interrupting; ``docker attach``; ``exit``; ``docker start`` and
    ``attach`` again."""
    with docker.terminal_shell(f"docker run -it --name=container_name {image_name}") as session:
        session.expect(PROMPT)
        session.line("echo kept > /file; variable=alive")
        session.expect(PROMPT)
        session.send(CTRL_P + CTRL_Q)
        assert session.wait() == 0
    assert running(docker, "container_name")
    with docker.terminal_shell("docker attach container_name") as session:
        session.line("echo is $variable")
        session.expect("is alive\r\n")
        session.line("exit")
        assert session.wait() == 0
    stopped = docker.shell("docker attach container_name")
    assert stopped.code == 1
    assert "ou cannot attach to a stopped container, start it first" in stopped.err
    assert docker.shell("docker start container_name") == (0, "container_name\n", "")
    with docker.terminal_shell("docker attach container_name") as session:
        session.line("cat /file; echo is [$variable]")
        session.expect(r"kept\r\nis \[\]\r\n")
        session.send(CTRL_P + CTRL_Q)
        session.expect("read escape sequence")
        session.wait()
    assert running(docker, "container_name")


def test_another_process(docker: Client, image_name: str) -> None:
    """``docker exec -it container_name bash``."""
    docker.ok("run", "-dit", "--name", "container_name", image_name)
    with docker.terminal_shell("docker exec -it container_name bash") as session:
        session.expect(PROMPT)
        session.line("exit")
        assert session.wait() == 0
    assert running(docker, "container_name")


def test_lists_and_removal(docker: Client, image_name: str) -> None:
    """``docker images``, ``docker ps -a``, ``docker rm container_name``."""
    docker.ok("run", "--name", "container_name", image_name, "true")
    assert re.search(r"^ubuntu +latest ", docker.shell("docker images").out, re.MULTILINE)
    assert "container_name" in docker.shell("docker ps -a").out
    assert docker.shell("docker rm container_name") == (0, "container_name\n", "")
    assert "container_name" not in docker.shell("docker ps -a").out


def fetch(engine: Engine, port: int) -> bytes:
    def ask() -> bytes:
        try:
            with connect_tcp("127.0.0.1", port) as sock:
                sock.sendall(b"GET /lab HTTP/1.0\r\n\r\n")
                data = b""
                while more := sock.recv(65536):
                    data += more
        except OSError:
            return b""
        return data

    return engine.on_its_host(ask)


def test_everything_together(docker: Client, engine: Engine, jupyter_base: str) -> None:
    """The example: a detached notebook with a port, ``~/data`` at /home; exec, attach, Ctrl+p Ctrl+q."""
    (docker.home / "data").mkdir(exist_ok=True)
    (docker.home / "data/safe").write_text("important\n")
    started = docker.shell(
        "nvidia-docker run --name=jupyter -it -p 18889:8889 -v ~/data:/home -w /home -d  jupyter_base"
    )
    assert re.fullmatch("[0-9a-f]{64}\n", started.out)
    wait_until(lambda: fetch(engine, 18889).endswith(b"jupyter"), "the notebook answers at the remote port")
    with docker.terminal_shell("docker exec -it jupyter bash") as session:
        session.expect(PROMPT)
        session.line("pwd; cat safe")
        session.expect("/home\r\nimportant\r\n")
        session.line("exit")
        assert session.wait() == 0
    assert running(docker, "jupyter")
    slip = docker.shell("docker attach -it jupyter </dev/null")
    if docker.command == ["docker"]:
        assert slip.code == 125
        assert "unknown shorthand flag: 'i' in -it" in slip.err
    with docker.terminal_shell("docker attach jupyter") as session:
        wait_until(
            lambda: fetch(engine, 18889) and session.shows("GET /lab", timeout=0.5),
            "the notebook's output appears",
        )
        session.send(CTRL_P + CTRL_Q)
        session.expect("read escape sequence")
        assert session.wait() == 1
    assert fetch(engine, 18889).endswith(b"jupyter")
    assert "Serving notebooks on port 8889" in docker.ok("logs", "jupyter")


def test_jupyter_by_hand(docker: Client, engine: Engine, jupyter_base: str, name: str) -> None:
    """Using Jupyter: ``docker run -it -p R:C --name N`` (the seed forgets the image) and the server
    started inside."""
    slip = docker.shell(f"docker run -it -p 18890:8889 --name {name}")
    assert slip.code == 1
    assert "requires at least 1 argument" in slip.err
    with docker.terminal_shell(f"docker run -it -p 18890:8889 --name {name} {jupyter_base} bash") as session:
        session.expect(PROMPT)
        session.line("python3 /notebook.py")
        session.expect("Serving notebooks on port 8889")
        assert fetch(engine, 18890).endswith(b"jupyter")
        session.send(b"\x03")
        session.expect("KeyboardInterrupt")
        session.expect(PROMPT)
        session.line("exit")
        session.wait()
