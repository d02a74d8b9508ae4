"""F18: Docker's exit code and words, and one more line that names the likely cause."""

import pytest

from berth.cli.hints import distance, suggestion
from tests.unit.cli.conftest import Call, FakeDaemon


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("commmit x", 1, "did you mean commit?"),
        ("pss", 1, "did you mean ps?"),
        ("container purge", 1, "did you mean prune?"),
        ("image purge", 1, "did you mean prune?"),
        ("container lss", 1, "did you mean ls?"),
        ("container delete x", 1, "did you mean rm?"),
        (
            "deploy",
            1,
            "'deploy' was removed from Docker in 2021; 'compose up' and 'stack deploy' took its place",
        ),
        ("swarm init", 1, "berth has no swarm: it runs containers on one machine"),
        ("run", 1, "the image is missing: its name comes after the flags, before the command to run in it"),
        (
            "run -it --name x",
            1,
            "the image is missing: its name comes after the flags, before the command to run in it",
        ),
        (
            "run Demo_Image:0.1",
            125,
            "image names are lower case (tags need not be); did you mean demo_image:0.1?",
        ),
        ("run Demo", 125, "image names are lower case; did you mean demo?"),
    ],
)
def test_hint(line: str, code: int, hint: str, docker: Call) -> None:
    result = docker(*line.split())
    assert result.code == code
    assert result.err.endswith(f"\nhint: {hint}\n")


@pytest.mark.parametrize("name", ["", " "])
def test_blank_after_a_backslash(name: str, docker: Call) -> None:
    assert tuple(docker("run", name)) == (
        125,
        "",
        "docker: invalid reference format\n\nRun 'docker run --help' for more information\n"
        "hint: empty image name: is there a blank after a backslash?\n",
    )


def test_attach_takes_it_for_what_it_is(daemon: FakeDaemon, docker: Call) -> None:
    daemon.on("POST /containers/x/wait", (404, {"message": "No such container: x"}))
    assert docker("attach", "-it", "x").err == (
        "note: attach needs no -i or -t, the container's own settings count\n"
        "Error response from daemon: No such container: x\n"
    )
    assert docker("attach", "x").err == "Error response from daemon: No such container: x\n"


def test_far_words_get_no_hint(docker: Call) -> None:
    assert "hint" not in docker("xyzzy").err


def test_distance() -> None:
    assert [distance(*pair) for pair in (("", "abc"), ("ab", "ba"), ("kitten", "sitting"), ("x", "x"))] == [
        3, 1, 3, 0,
    ]  # fmt: skip
    assert suggestion("ps", ["ps"]) == "did you mean ps?"
