"""The steps of a build are images (A4.2, A4.7): kept for the next build, and out of everybody's way."""

import re

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.cli import Client
from tests.support.engines import Engine

TWO = "FROM busybox\nLABEL t={name}\nRUN echo {name} >/f\n"
HISTORY = r"""FROM busybox
ARG two=2 three="a b"
ENV a=1 b="x y"
LABEL k=v "k 2"="v\"2"
EXPOSE 80 81/udp 9000-9002/TCP
USER root
WORKDIR /w
RUN echo "$two"
RUN ["echo", "hi", "a b"]
COPY a.txt sub/b.txt /dst/
ADD a.txt ./added
VOLUME /v1 /v2
CMD ["echo", "x<>&y"]
ENTRYPOINT echo ep
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=90s --timeout=1500ms --retries=4 CMD echo ok || exit 1
SHELL ["/bin/sh", "-e", "-c"]
RUN echo shell
CMD ls
ONBUILD RUN echo trig
"""
LINES = r"""/bin/sh -e -c #(nop)  ONBUILD RUN echo trig
/bin/sh -e -c #(nop)  CMD ["/bin/sh" "-e" "-c" "ls"]
|2 three=a b two=2 /bin/sh -e -c echo shell
/bin/sh -e -c #(nop)  SHELL [/bin/sh -e -c]
/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "echo ok || exit 1"] "1m30s" "1.5s" "0s" '\x04'}
/bin/sh -c #(nop)  STOPSIGNAL SIGUSR1
/bin/sh -c #(nop)  ENTRYPOINT ["/bin/sh" "-c" "echo ep"]
/bin/sh -c #(nop)  CMD ["echo" "x<>&y"]
/bin/sh -c #(nop)  VOLUME [/v1 /v2]
/bin/sh -c #(nop) ADD file:HASH in ./added
/bin/sh -c #(nop) COPY multi:HASH in /dst/
|2 three=a b two=2 echo hi a b
|2 three=a b two=2 /bin/sh -c echo "$two"
/bin/sh -c #(nop) WORKDIR /w
/bin/sh -c #(nop)  USER root
/bin/sh -c #(nop)  EXPOSE 80 81/udp 9000-9002/TCP
/bin/sh -c #(nop)  LABEL k=v k 2=v"2
/bin/sh -c #(nop)  ENV a=1 b=x y
/bin/sh -c #(nop)  ARG two=2 three=a b""".splitlines()


def images(docker: Client, *flags: str) -> set[str]:
    """The ids that a listing shows."""
    return set(docker.ok("images", "-q", "--no-trunc", *flags).split())


def steps(docker: Client, image: str) -> list[str]:
    """The ids of an image's steps, the last one first, without the base."""
    shown = docker.ok("history", "-q", "--no-trunc", image).split()
    return [text for text in shown if text != "<missing>"][:-1]


def test_history(make: Maker, docker: Client) -> None:
    """A4.16: each instruction leaves a line in the history, in the words of the classic builder."""
    done = make(HISTORY, {"a.txt": "1", "sub/b.txt": "2"})
    told = docker.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}", done.image).splitlines()
    found = [re.sub(r":[0-9a-f]{64} ", ":HASH ", line).rstrip() for line in told]
    assert found[: len(LINES)] == LINES


def test_listed_only_with_all(make: Maker, docker: Client, name: str) -> None:
    """A4.2: what is not named is a step, and neither listed nor dangling."""
    image = make(TWO.format(name=name), t=f"{name}:1").image
    made = steps(docker, image)
    assert made[0] == image
    assert len(made) == 2
    assert images(docker) & set(made) == {image}
    assert images(docker, "--filter", "dangling=true") & set(made) == set()
    assert images(docker, "-a") & set(made) == set(made)


def test_not_pruned_with_images(make: Maker, docker: Client, name: str) -> None:
    """A4.7: the next build finds its steps, also after ``image prune``."""
    image = make(TWO.format(name=name), t=f"{name}:1").image
    docker.ok("image", "prune", "-f")
    again = make(TWO.format(name=name))
    assert again.text.count("Using cache") == 2
    assert again.image == image


def test_an_old_result_is_dangling(make: Maker, docker: Client, name: str) -> None:
    """A4.9: a build that takes the name over leaves the image before it without one."""
    old = make(TWO.format(name=name), t=f"{name}:1").image
    new = make(TWO.format(name=name) + "LABEL b=1\n", t=f"{name}:1").image
    assert old not in images(docker)  # the new one is made from it
    other = make(TWO.format(name=f"{name}-other"), t=f"{name}:1").image
    assert {new, other} <= images(docker)
    assert new in images(docker, "--filter", "dangling=true")


def test_a_name_that_goes_does_not_take_the_cache_along(
    make: Maker, docker: Client, name: str, beyond: None
) -> None:
    """A4.7: ``rmi`` takes the image away, and the next build still finds what it made."""
    image = make(TWO.format(name=name), t=f"{name}:1").image
    removed = docker.ok("rmi", f"{name}:1").splitlines()
    assert removed == [f"Untagged: {name}:1", f"Deleted: {image}"]
    assert image not in images(docker)
    again = make(TWO.format(name=name), t=f"{name}:1")
    assert again.image == image
    assert again.text.count("Using cache") == 2
    assert image in images(docker)


def test_a_changed_label_runs_nothing_again(make: Maker, docker: Client, name: str, beyond: None) -> None:
    """A4.7: what only the configuration shows is no reason to run a command again."""
    text = "FROM busybox\nLABEL t={}\nENV A=1\nRUN cat /proc/sys/kernel/random/uuid >/f\nCMD cat /f\n"
    one, other = (make(text.format(f"{name}{n}"), t=f"{name}:{n}") for n in (1, 2))
    assert one.image != other.image
    assert docker.ok("run", "--rm", one.image) == docker.ok("run", "--rm", other.image)
    assert docker.ok("inspect", "-f", "{{.Config.Labels.t}}", other.image) == f"{name}2"


def test_a_stage_that_comes_out_the_same(make: Maker, docker: Client, name: str, beyond: None) -> None:
    """A4.7: a copy of files that are what they were before is no reason to run anything after it."""
    text = (
        "FROM busybox AS s\nRUN echo {} >/noise; echo same >/kept\n"
        f"FROM busybox\nLABEL t={name}\nCOPY --from=s /kept /k\n"
        "RUN cat /proc/sys/kernel/random/uuid >/f\nCMD cat /f\n"
    )
    one, other = (make(text.format(n), t=f"{name}:{n}") for n in (1, 2))
    assert docker.ok("run", "--rm", one.image) == docker.ok("run", "--rm", other.image)
    third = make(text.format(2))
    assert third.text.count("Using cache") == 5


@pytest.mark.parametrize("given", ["", "2"])
def test_arguments_count_from_their_line_on(make: Maker, name: str, given: str) -> None:
    """D4: a changed argument is no reason to run what stands before it."""
    text = f"FROM busybox\nLABEL t={name}\nRUN true\nARG v=1\nRUN echo $v\n"
    make(text)
    again = make(text, buildargs={"v": given})
    assert again.text.count("Using cache") == 3


def test_a_result_can_be_removed_by_its_id(make: Maker, docker: Client, engine: Engine, name: str) -> None:
    """A3.12: a step that nobody has named is an image that can be removed."""
    image = make(TWO.format(name=name)).image
    assert f"Deleted: {image}" in docker.ok("rmi", image).splitlines()
    if not engine.is_dockerd:
        # It was shown as the result of a build; once more, and it is gone from the cache too.
        docker.ok("rmi", image)
    assert docker("inspect", image).code == 1
