"""The Dockerfiles of the seeds, built and run (A4.6, A6.1, A6.5, A6.7): apt and pip find what they ask for in
a repository inside of the base image."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.images import can_make_debian
from tests.support.offline import offline_debian

SEED_000 = """\
FROM ubuntu
RUN apt-get update
RUN apt-get install -y python
RUN apt-get install -y python-pip
RUN pip install --upgrade pip
RUN pip install tensorflow
RUN pip install sklearn
CMD ["echo","Image created successfully"]
"""
SEED_002 = """\
FROM tensorflow/tensorflow:1.4.0
COPY main.py /app/main.py

ENTRYPOINT ["python", "/app/main.py"]
"""
SEED_004 = """\
FROM python:3.8-slim-buster
WORKDIR /mnt/disk1/Steven_Lin/
COPY  . .
CMD [ "python3", "helloworld.py" ]
"""
SEED_004_EXPLICIT = """\
FROM python:3.8-slim-buster
WORKDIR /mnt/disk1/Steven_Lin/
COPY  helloworld.py /code/
CMD [ "python3", "/code/helloworld.py" ]
"""
MAIN = "import sys\nprint('training', *sys.argv[1:])\n"
BASES = ("ubuntu:latest", "tensorflow/tensorflow:1.4.0", "tensorflow/tensorflow:1.4.0-gpu")
CLASSIC = {"DOCKER_BUILDKIT": "0"}


@pytest.fixture(scope="module", autouse=True)
def bases(engine: Engine, debian_image: str) -> Iterator[None]:
    """The images that the seeds build from. Those of the session that have the same names come back."""
    if reason := can_make_debian():
        pytest.skip(reason)
    before = {name: engine.api.get(f"/images/{name}/json").json().get("Id", "") for name in BASES}
    engine.load(offline_debian(*BASES, "python:3.8-slim-buster"))
    yield
    for name, image in before.items():
        if image:
            repository, _, tag = name.partition(":")
            engine.api.request("POST", f"/images/{image}/tag", repo=repository, tag=tag)
    for name in ("python:3.8-slim-buster", *(name for name, image in before.items() if not image)):
        engine.api.delete(f"/images/{name}", force=True)


def built(docker: Client, line: str, folder: Path) -> str:
    result = docker(*line.split(), cwd=folder, env=CLASSIC, timeout=200)
    assert result.code == 0, result
    return result.out


def test_000(docker: Client, tmp_path: Path) -> None:
    """A base with packages and Python modules on top, and its command. A second build takes no step again."""
    (tmp_path / "Dockerfile").write_text(SEED_000)
    output = built(docker, f"build -t demo_seed:0.1 {tmp_path}/", tmp_path)
    assert "Step 8/8 : CMD" in output
    assert "Successfully tagged demo_seed:0.1" in output
    assert docker.ok("run", "--rm", "demo_seed:0.1") == "Image created successfully"
    imports = "import tensorflow, sklearn; print(tensorflow.__version__)"
    assert docker.ok("run", "--rm", "demo_seed:0.1", "python", "-c", imports) == "1.0"
    again = built(docker, f"build -t demo_seed:0.2 {tmp_path}", tmp_path)
    assert again.count(" ---> Using cache") == 7


def test_000_then_commit(docker: Client, tmp_path: Path, name: str) -> None:
    """A6.1: build, run with a port and a directory, work, leave, commit, ``image ls``."""
    (tmp_path / "Dockerfile").write_text(SEED_000)
    built(docker, "build -t demo_seed:0.1 .", tmp_path)
    work = "pip install pandas >/dev/null && python -c 'import pandas' && echo result > /demo/result"
    docker.ok(
        "run", "--name", name, "-p", "8888", "-v", f"{tmp_path}:/demo", "demo_seed:0.1", "sh", "-c", work
    )
    assert (tmp_path / "result").read_text() == "result\n"
    docker.ok("commit", name, "demo_seed:0.3")
    assert "0.3" in docker.ok("image", "ls", "demo_seed", "--format", "{{.Tag}}").splitlines()
    assert docker.ok("run", "--rm", "demo_seed:0.3", "python", "-c", "import pandas; print('kept')") == "kept"
    assert docker.ok("run", "--rm", "demo_seed:0.3", "sh", "-c", "ls /demo") == ""


@pytest.mark.parametrize("tag", ["1.4.0", "1.4.0-gpu"])
def test_002(docker: Client, tmp_path: Path, tag: str) -> None:
    """COPY and ENTRYPOINT: arguments after the image's name reach the program (A6.9, A6.10)."""
    (tmp_path / "Dockerfile").write_text(SEED_002.replace("1.4.0", tag))
    (tmp_path / "main.py").write_text(MAIN)
    output = built(docker, "build -t someone/tf-mnist:1 .", tmp_path)
    assert f"Step 1/3 : FROM tensorflow/tensorflow:{tag}" in output
    assert 'Step 3/3 : ENTRYPOINT ["python", "/app/main.py"]' in output
    assert docker.ok("run", "--rm", "someone/tf-mnist:1", "--max_steps", "100") == "training --max_steps 100"


@pytest.mark.parametrize("text", [SEED_004, SEED_004_EXPLICIT])
def test_004(docker: Client, tmp_path: Path, text: str) -> None:
    """The first dot of ``COPY . .`` is the build context, whatever the seed says; the second is WORKDIR."""
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "helloworld.py").write_text("print('Hello World')\n")
    built(docker, "build -t imagename .", tmp_path)
    assert docker.ok("run", "--rm", "imagename") == "Hello World"
    assert docker.ok("run", "--rm", "imagename", "pwd") == "/mnt/disk1/Steven_Lin"


def test_images_that_differ_at_the_end_share_the_rest(docker: Client, engine: Engine, tmp_path: Path) -> None:
    """A6.7, seed 001: "those lines should be closer to the end of the file"."""
    for tag, module in (("one", "numpy"), ("two", "pandas")):
        text = SEED_000.replace("RUN pip install sklearn", f"RUN pip install {module}")
        (tmp_path / "Dockerfile").write_text(text)
        output = built(docker, f"build -t shares:{tag} .", tmp_path)
    assert output.count(" ---> Using cache") == 5
    rows = engine.api.get("/system/df").json()["Images"]
    shared = [row for row in rows if set(row["RepoTags"] or ()) & {"shares:one", "shares:two"}]
    assert len(shared) == 2
    assert all(row["SharedSize"] > 0.9 * row["Size"] for row in shared)
