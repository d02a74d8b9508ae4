"""Seed 002, word for word: ``ps``, ``logs``, ``rm``, ``images``, and the arguments after the image."""

import re

import pytest

from tests.support.archive import Entry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.images import cache_directory, debian
from tests.support.terminal import CTRL_C
from tests.support.waiting import wait_until

MAIN = """
import sys, time
steps = int(sys.argv[sys.argv.index('--max_steps') + 1]) if '--max_steps' in sys.argv else 1000
for step in range(0, steps, 10):
    print(f'Accuracy at step {step}: 0.9', flush=True)
    time.sleep(0 if steps <= 100 else 0.1)
print('Adding run metadata for', steps - 1)
"""


@pytest.fixture
def ubuntu(debian_image: str) -> str:
    return debian_image


@pytest.fixture(scope="module")
def tf_mnist(engine: Engine, debian_image: str) -> str:
    """What the seed's Dockerfile builds: ENTRYPOINT ["python", "/app/main.py"]."""
    main = [Entry("app/main.py", MAIN.encode())]
    name = "wbuchwalter/tf-mnist"
    engine.load(
        debian(
            cache_directory(),
            (f"{name}:latest",),
            extra=main,
            Entrypoint=["python", "/app/main.py"],
            Cmd=None,
        )
    )
    return name


def run_hostname(docker: Client) -> str:
    """``docker run -it ubuntu hostname``, as at the seed's terminal; the short id that it prints."""
    with docker.terminal_shell("docker run -it ubuntu hostname") as session:
        out = session.rest()
        assert session.wait() == 0
    match = re.fullmatch(rb"([0-9a-f]{12})\r\n", out)
    assert match, out
    return match[1].decode()


def test_ps(docker: Client, ubuntu: str) -> None:
    """A1.17, A3.1, A3.2, A1.10: the container is listed as Exited, with a random name."""
    short = run_hostname(docker)
    head, line = docker.shell("docker ps -a").lines
    assert head.split() == ["CONTAINER", "ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert re.fullmatch(
        rf'{short}   ubuntu    "hostname"   (Less than a second|\d+ seconds?) ago +'
        r"Exited \(0\) (Less than a second|\d+ seconds?) ago +[a-z]+_[a-z]+\d?",
        line,
    )
    assert docker.shell("docker ps").lines == [docker.shell("docker ps").out.rstrip("\n")]


def test_twice_shows_two(docker: Client, ubuntu: str) -> None:
    """A3.1: "we should see how two containers exited", the newer first."""
    first, second = run_hostname(docker), run_hostname(docker)
    assert [line.split()[0] for line in docker.shell("docker ps -a").lines[1:]] == [second, first]


def test_start_and_logs(docker: Client, ubuntu: str) -> None:
    """A2.5, A3.4: ``docker logs NAME`` shows the output, ``docker start NAME`` runs it again."""
    short = run_hostname(docker)
    gifted_darwin = docker.ok("ps", "-a", "--format", "{{.Names}}")
    assert docker.shell(f"docker logs {gifted_darwin}").out.replace("\r\n", "\n") == f"{short}\n"
    assert docker.shell(f"docker start {gifted_darwin}") == (0, f"{gifted_darwin}\n", "")
    docker.ok("wait", gifted_darwin)
    assert docker.shell(f"docker logs {gifted_darwin}").out.replace("\r\n", "\n") == f"{short}\n{short}\n"


def test_logs_follow(docker: Client, ubuntu: str, name: str) -> None:
    """A3.4: ``-f`` prints in real time."""
    docker.ok(
        "run",
        "-d",
        "--name",
        name,
        ubuntu,
        "bash",
        "-c",
        "echo one; until [ -e /go ]; do sleep 0.05; done; echo two",
    )
    with docker.terminal_shell(f"docker logs -f {name}") as session:
        session.expect("one\r\n")
        docker.ok("exec", name, "touch", "/go")
        session.expect("two\r\n")
        assert session.wait() == 0


@pytest.mark.parametrize("by", ["name", "id"])
def test_rm(docker: Client, ubuntu: str, by: str) -> None:
    """A3.5: by CONTAINER ID or NAME; prints what was given."""
    short = run_hostname(docker)
    given = docker.ok("ps", "-a", "--format", "{{.Names}}") if by == "name" else short
    assert docker.shell(f"docker rm {given}") == (0, f"{given}\n", "")
    assert len(docker.shell("docker ps -a").lines) == 1


def test_images(docker: Client, ubuntu: str) -> None:
    """A3.3: REPOSITORY TAG IMAGE ID CREATED SIZE with decimal sizes; ``docker rmi IMAGENAME``."""
    head, *lines = docker.shell("docker images").lines
    assert re.split(r"\s{2,}", head.strip()) == ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]
    assert [
        line
        for line in lines
        if re.match(r"ubuntu +latest +[0-9a-f]{12} +\d+ years ago +\d+(\.\d+)?MB$", line)
    ]
    docker.ok("tag", "busybox", "example-scratch")
    assert docker.shell("docker rmi example-scratch").out == "Untagged: example-scratch:latest\n"


def test_arguments_after_the_image(docker: Client, tf_mnist: str) -> None:
    """A1.18: ``docker run -it ${DOCKER_USERNAME}/tf-mnist --max_steps 100``."""
    with docker.terminal_shell(
        "DOCKER_USERNAME=wbuchwalter; docker run -it ${DOCKER_USERNAME}/tf-mnist --max_steps 100"
    ) as session:
        session.expect("Accuracy at step 0: 0.9\r\n")
        session.expect("Accuracy at step 90: 0.9\r\n")
        session.expect("Adding run metadata for 99\r\n")
        assert session.wait() == 0


def test_ctrl_c(docker: Client, tf_mnist: str) -> None:
    """A1.22: "You can kill the process and exit the container at any time with ctrl + c": Python has a
    handler."""
    with docker.terminal_shell(f"exec docker run -it {tf_mnist}") as session:
        session.expect("Accuracy at step 20")
        session.send(CTRL_C)
        session.expect("KeyboardInterrupt")
        assert session.wait() in (1, 130)
    wait_until(lambda: docker.ok("ps", "-q") == "", "nothing runs any more")


def test_gpu_tag(docker: Client, tf_mnist: str) -> None:
    """A6.10: the same application under ``:gpu``, run by nvidia-docker."""
    docker.ok("tag", tf_mnist, f"{tf_mnist}:gpu")
    with docker.terminal_shell(f"nvidia-docker run -it {tf_mnist}:gpu --max_steps 10") as session:
        session.expect("Adding run metadata for 9\r\n")
        assert session.wait() == 0
