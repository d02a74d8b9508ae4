"""Seed 004, "General Workflow, Method I", word for word (A6.13): from a pull to an alias."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.conformance.registry.conftest import PASSWORD, USER, Registry
from tests.support.archive import Entry
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.images import cache_directory, debian
from tests.support.terminal import CTRL_P, CTRL_Q

PROMPT = r"root@[0-9a-z_]+:/# "
PACKAGES = ("wget", "unzip", "curl", "bzip2", "git", "vim")
PYTORCH = "pytorch/pytorch:2.1.0-cuda11.8-cudnn8-devel"
ALIAS = r"""
PS1='host> '
alias CreateXXXXContainer='docker run -it \
        --gpus all \
        --name Container_Name \
        --hostname USER_NAME \
        --shm-size=16g \{blank}
        -p 5081:5081 \
        -v /path/to/hostmachine/:/path/inside/docker-container/ \
        {image} \
        /bin/bash'
"""


def package(folder: Path, name: str) -> Entry:
    """A package that holds one program, which says its name."""
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@invalid>\n"
        f"Description: {name} of the tests\n"
    )
    (tree / "opt").mkdir()
    (tree / f"opt/{name}").write_text(f"#!/bin/sh\necho this is {name}\n")
    (tree / f"opt/{name}").chmod(0o755)
    target = folder / f"{name}.deb"
    words = ["dpkg-deb", "--root-owner-group", "-b", str(tree), str(target)]
    subprocess.run(words, check=True, capture_output=True)
    return Entry(f"repo/{name}.deb", target.read_bytes())


def repository(folder: Path) -> list[Entry]:
    """What apt needs to find the seed's packages without any network."""
    packages = [package(folder, name) for name in PACKAGES]
    rows = [
        f"Package: {Path(one.path).stem}\nVersion: 1\nArchitecture: all\nFilename: ./{Path(one.path).name}\n"
        f"Size: {len(one.data)}\nSHA256: {hashlib.sha256(bytes(one.data)).hexdigest()}\n"  # type: ignore[arg-type]
        for one in packages
    ]
    index = [Entry("repo/Packages", "\n".join(rows).encode())]
    sources = [Entry("etc/apt/sources.list", b"deb [trusted=yes] file:/repo ./\n")]
    return [*packages, *index, *sources]


@pytest.fixture
def pytorch(engine: Engine, docker: Client, hub: Registry, debian_image: str, tmp_path: Path) -> str:
    """The seed's big image, in the team's registry and not here."""
    name = f"{hub.host}/{PYTORCH}"
    docker.ok("login", "-u", USER, "--password-stdin", hub.host, stdin=PASSWORD)
    engine.load(debian(cache_directory(), (name,), extra=repository(tmp_path)))
    docker.ok("push", name)
    docker.ok("rmi", name)
    return name


def test_method_one(docker: Client, engine: Engine, hub: Registry, pytorch: str, tmp_path: Path) -> None:
    assert docker.shell(f"docker pull {pytorch}").lines[-1] == pytorch
    listed = docker.shell("docker images").out
    row = re.search(
        rf"^{re.escape(pytorch.rpartition(':')[0])} +\S+ +([0-9a-f]{{12}}) ", listed, re.MULTILINE
    )
    with docker.terminal_shell(f"docker run -it {row[1]}") as session:
        session.expect(PROMPT)
        session.line("apt update && apt install -y wget unzip curl bzip2 git vim")
        session.expect("Setting up vim", timeout=60)
        session.expect(PROMPT)
        session.send(CTRL_P + CTRL_Q)
        session.wait()
    head, line = docker.shell("docker container ls").lines
    assert head.startswith("CONTAINER ID")
    container_id = line.split()[0]
    capitals = docker.shell(f"docker commit {container_id}  SvenDowideit/testimage:version3")
    assert capitals.code == 1
    assert "must be lowercase" in capitals.err
    saved = f"{hub.host}/svendowideit/testimage:version3"
    assert docker.shell(f"docker commit {container_id} {saved}").code == 0
    assert docker.ok("inspect", "-f", "{{.State.Status}}", container_id) == "running"
    pushed = docker.shell(f"docker push {saved}").lines
    assert sum(": Layer already exists" in one or ": Mounted from" in one for one in pushed) == 2
    docker.ok("rm", "-f", container_id)
    docker.ok("rmi", saved, pytorch)
    _from_an_alias(docker, engine, saved, tmp_path)
    docker.ok("logout", hub.host)


def _from_an_alias(docker: Client, engine: Engine, image: str, tmp_path: Path) -> None:
    data = tmp_path / "hostmachine"
    data.mkdir()
    (data / "large").write_text("data set\n")
    alias = ALIAS.replace("{image}", image).replace("/path/to/hostmachine", str(data))
    # The seed has a blank behind the backslash: what follows it is not the image.
    failed = _call(docker, alias.replace("{blank}", " "), r"docker: .*|invalid reference|Unable to find")
    assert b"root@USER_NAME" not in failed
    whole = alias.replace("{blank}", "")
    refused = _call(docker, whole.replace("docker run -it", "docker run"), r"host> $", expect_failure=True)
    if b"could not select device driver" in refused:  # no GPU here, as both engines say
        whole = whole.replace("        --gpus all \\\n", "")
    docker("rm", "-f", "Container_Name")
    (docker.home / ".bashrc").write_text(whole)
    with docker.terminal_shell("exec bash --rcfile ~/.bashrc -i") as session:
        session.expect("host> ")
        session.line("CreateXXXXContainer")
        session.expect(r"root@USER_NAME:/# ", timeout=60)
        session.line("/opt/git; df -h /dev/shm | tail -1; cat /path/inside/docker-container/large")
        session.expect("this is git\r\n")
        session.expect(r"shm +16G")
        session.expect("data set\r\n")
        assert "5081" in docker.ok("port", "Container_Name")
        session.line("exit")
        session.expect("host> ")
        session.line("exit")
        session.wait()
    docker.ok("rm", "Container_Name")


def _call(docker: Client, alias: str, wanted: str, *, expect_failure: bool = False) -> bytes:
    """What a terminal shows when the alias is called; ``wanted`` is waited for."""
    (docker.home / ".bashrc").write_text(alias)
    with docker.terminal_shell("exec bash --rcfile ~/.bashrc -i") as session:
        session.expect("host> ")
        session.line("CreateXXXXContainer </dev/null" if expect_failure else "CreateXXXXContainer")
        session.expect(wanted, timeout=60)
        session.line("exit")
        session.wait()
        return bytes(session.seen)
