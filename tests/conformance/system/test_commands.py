"""The client by itself: lists, typos and usage lines (A3.7, A3.8, A3.11, A3.12, A3.15, B)."""

import re

import pytest

from tests.support.cli import Client


def test_list_of_commands(docker: Client) -> None:
    """A3.7: bare ``docker`` prints the list to standard error, exit 0; the sections in this order."""
    result = docker()
    assert (result.code, result.out) == (0, "")
    sections = re.findall(r"^([A-Z]\w*(?: \w+)*):$", result.err, re.MULTILINE)
    wanted = ["Common Commands", "Management Commands", "Swarm Commands", "Commands", "Global Options"]
    assert [section for section in sections if section in wanted] == wanted


@pytest.mark.parametrize("words", [("commmit",), ("deploy",), ("container", "purge"), ("image", "purge")])
def test_unknown_commands(docker: Client, words: tuple[str, ...]) -> None:
    """A3.8, A3.11, A3.12: the seeds' slips; exit 1; nothing is done on a guess."""
    result = docker(*words)
    assert result.code == 1
    assert f"unknown command: docker {' '.join(words)}" in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    "usage",
    [
        "docker pull [OPTIONS] NAME[:TAG|@DIGEST]",
        "docker commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
        "docker push [OPTIONS] NAME[:TAG]",
        "docker run [OPTIONS] IMAGE [COMMAND] [ARG...]",
        "docker exec [OPTIONS] CONTAINER COMMAND [ARG...]",
        "docker attach [OPTIONS] CONTAINER",
        "docker rm [OPTIONS] CONTAINER [CONTAINER...]",
        "docker logs [OPTIONS] CONTAINER",
        "docker ps [OPTIONS]",
    ],
)
def test_usage_lines(docker: Client, usage: str) -> None:
    """A3.15: ``--help`` prints exactly these."""
    result = docker(usage.split()[1], "--help")
    assert result.code == 0
    assert f"Usage:  {usage}\n" in result.out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("run",), "'docker run' requires at least 1 argument"),
        (("exec", "x"), "'docker exec' requires at least 2 arguments"),
        (("rename", "x"), "'docker rename' requires 2 arguments"),
        (("rm",), "'docker rm' requires at least 1 argument"),
        (("logs",), "'docker logs' requires 1 argument"),
        (("tag", "x"), "'docker tag' requires 2 arguments"),
        (("ps", "x"), "'docker ps' accepts no arguments"),
        (("inspect",), "'docker inspect' requires at least 1 argument"),
        (("top",), "'docker top' requires at least 1 argument"),
        (("port", "a", "b", "c"), "'docker port' requires at least 1 and at most 2 arguments"),
    ],
)
def test_wrong_numbers_of_arguments(docker: Client, words: tuple[str, ...], text: str) -> None:
    """Bad input: exit 1, what is wanted and the usage."""
    result = docker(*words)
    assert result.code == 1
    assert text in result.err
    assert "Usage:" in result.err


@pytest.mark.parametrize(
    "command", ["ps", "images", "logs", "rm", "start", "stop", "kill", "inspect", "exec", "attach"]
)
def test_unknown_flags(docker: Client, command: str) -> None:
    """Bad input: exit 125."""
    result = docker(command, "--no-such-flag", "x")
    assert result.code == 125
    assert "unknown flag: --no-such-flag" in result.err


def test_no_daemon(docker: Client) -> None:
    """Bad input: the famous sentence."""
    result = docker("-H", "unix:///no/such.sock", "ps")
    assert result.code == 1
    assert (
        "Cannot connect to the Docker daemon at unix:///no/such.sock. Is the docker daemon running?"
        in result.err
    )


def test_version_flag(docker: Client) -> None:
    """B: --version."""
    assert re.match(r"\w+ version \S+", docker.ok("--version"))
