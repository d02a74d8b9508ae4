"""docker commit (A4.8-A4.10, F13)."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.archive import Entry, pack
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.events import past_events
from tests.support.http import Api
from tests.support.images import busybox

BUSY = "trap 'exit 0' TERM; echo ready; while :; do sleep 1; done"


def config(docker: Client, image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker.ok("image", "inspect", image))[0]
    return found


def run(docker: Client, name: str, *flags: str, script: str) -> None:
    docker.ok("run", "--name", name, *flags, "busybox", "sh", "-c", script)


def story(api: Api, name: str) -> list[str]:
    """The container's events around a commit, without those of its start and end."""
    kept = ("pause", "commit", "unpause")
    return [e["Action"] for e in past_events(api, container=[name]) if e["Action"] in kept]


def test_files_and_settings(docker: Client, name: str) -> None:
    """A4.8: what was written is in the image, with what containers of it get."""
    run(
        docker,
        name,
        "-e",
        "COLOUR=red",
        "-w",
        "/srv",
        "-p",
        "80",
        script="echo hi > /root.txt; rm /etc/group",
    )
    image = docker.ok("commit", name, f"{name}:1")
    assert image.startswith("sha256:")
    assert len(image) == 71
    found = config(docker, f"{name}:1")
    assert found["Id"] == image
    settings = found["Config"]
    assert "COLOUR=red" in settings["Env"]
    assert settings["Cmd"] == ["sh", "-c", "echo hi > /root.txt; rm /etc/group"]
    assert settings["WorkingDir"] == "/srv"
    assert list(settings["ExposedPorts"]) == ["80/tcp"]
    output = docker.ok(
        "run", "--rm", f"{name}:1", "sh", "-c", "cat /root.txt; ls /etc/group 2>&1; pwd; echo $COLOUR"
    )
    assert output.splitlines() == ["hi", "ls: /etc/group: No such file or directory", "/srv", "red"]


def test_volumes_and_binds_stay_outside(docker: Client, name: str, tmp_path: Path) -> None:
    """A4.8: only their empty mount points are in the image."""
    (tmp_path / "host").write_text("x")
    script = "echo v > /volume/v; echo b > /bind/b; echo r > /root.txt"
    run(docker, name, "-v", "/volume", "-v", f"{tmp_path}:/bind", script=script)
    docker.ok("commit", name, f"{name}:1")
    settings = config(docker, f"{name}:1")["Config"]
    assert settings["Volumes"] == {"/volume": {}}
    data = docker.binary("save", f"{name}:1").stdout
    assert top_layer_names(data) == {"volume", "bind", "root.txt"}


def top_layer_names(archive: bytes) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as outer:
        items = json.load(outer.extractfile("manifest.json"))  # type: ignore[arg-type]
        layer = outer.extractfile(items[0]["Layers"][-1])
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as inner:
            return {member.name.rstrip("/") for member in inner}


def test_layer_says_what_went(docker: Client, name: str) -> None:
    """A4.8: deletions, replaced directories, links, modes and owners, in the words of the image format."""
    script = (
        "rm /etc/group; rm -rf /home; mkdir /home; echo n > /home/new; ln /home/new /home/hard; "
        "ln -s new /home/soft; mkfifo /home/pipe; chown 7:8 /home/new; chmod 4751 /home/new"
    )
    run(docker, name, script=script)
    docker.ok("commit", name, f"{name}:1")
    names = top_layer_names(docker.binary("save", f"{name}:1").stdout)
    assert {"etc", "etc/.wh.group", "home", "home/new", "home/hard", "home/soft", "home/pipe"} <= names
    assert "home/.wh..wh..opq" in names
    look = "ls /home; stat -c '%h %u %g %a' /home/new; readlink /home/soft; test -p /home/pipe && echo pipe"
    lines = docker.ok("run", "--rm", f"{name}:1", "sh", "-c", look).splitlines()
    assert lines == ["hard", "new", "pipe", "soft", "2 7 8 4751", "new", "pipe"]


def test_a_running_one_is_paused_meanwhile(docker: Client, api: Api, name: str) -> None:
    """A4.8: events pause, commit, unpause, and it goes on."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", BUSY)
    image = docker.ok("commit", "-m", "why", name, f"{name}:1")
    assert story(api, name) == ["pause", "commit", "unpause"]
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "running"
    commit = next(e for e in past_events(api, container=[name]) if e["Action"] == "commit")
    attributes = commit["Actor"]["Attributes"]
    assert attributes["imageID"] == image
    assert attributes["imageRef"] == f"{name}:1"
    assert attributes["comment"] == "why"


@pytest.mark.parametrize("flag", ["--pause=false", "-p=false"])
def test_without_a_pause(docker: Client, api: Api, name: str, flag: str) -> None:
    """A4.8."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", BUSY)
    docker.ok("commit", flag, name)
    assert story(api, name) == ["commit"]


def test_a_paused_one_stays_paused(docker: Client, api: Api, name: str) -> None:
    """A4.8."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", BUSY)
    docker.ok("pause", name)
    docker.ok("commit", name)
    assert docker.ok("inspect", "-f", "{{.State.Status}}", name) == "paused"
    assert story(api, name) == ["pause", "commit"]


def test_message_author_parent_and_history(docker: Client, name: str) -> None:
    """A4.8: -m, -a; the image of the container is the parent."""
    run(docker, name, script="echo 12345 > /x")
    docker.ok("commit", "-m", "my message", "-a", "Jane <jane@example.org>", name, f"{name}:1")
    found = config(docker, f"{name}:1")
    assert found["Comment"] == "my message"
    assert found["Author"] == "Jane <jane@example.org>"
    assert found["Parent"] == config(docker, "busybox")["Id"]
    form = "{{.CreatedBy}}|{{.Size}}|{{.Comment}}"
    newest = docker.ok("history", "--no-trunc", "--format", form, f"{name}:1").splitlines()[0]
    assert newest == "sh -c echo 12345 > /x|6B|my message"


def test_changes(docker: Client, name: str) -> None:
    """A4.8: every instruction that -c takes."""
    run(docker, name, "-e", "FOO=bar", "-w", "/srv", script="true")
    changes = (
        "ENV A=$FOO/x FOO=new",
        "WORKDIR rel",
        'CMD ["a", "b"]',
        "EXPOSE 80 53/udp",
        'LABEL x="y z"',
        "VOLUME /data",
        "USER demo",
        "ONBUILD RUN true",
        "HEALTHCHECK --interval=5s CMD true",
    )
    words = [word for change in changes for word in ("-c", change)]
    docker.ok("commit", *words, name, f"{name}:1")
    settings = config(docker, f"{name}:1")["Config"]
    assert {"A=bar/x", "FOO=new"} <= set(settings["Env"])
    assert "FOO=bar" not in settings["Env"]
    assert settings["WorkingDir"] == "/srv/rel"
    assert settings["Cmd"] == ["a", "b"]
    assert set(settings["ExposedPorts"]) == {"80/tcp", "53/udp"}
    assert settings["Labels"] == {"x": "y z"}
    assert settings["Volumes"] == {"/data": {}}
    assert settings["User"] == "demo"
    assert settings["OnBuild"] == ["RUN true"]
    assert settings["Healthcheck"] == {"Test": ["CMD-SHELL", "true"], "Interval": 5_000_000_000}


@pytest.mark.parametrize(
    ("change", "command", "entrypoint"),
    [
        ('ENTRYPOINT ["x"]', None, ["x"]),
        ("CMD echo hi", ["/bin/sh", "-c", "echo hi"], None),
        ("ENV A=1", ["sh", "-c", "true"], None),
    ],
)
def test_command_and_entrypoint(
    docker: Client, name: str, change: str, command: list[str] | None, entrypoint: list[str] | None
) -> None:
    """A4.8: a new entrypoint makes the old command meaningless."""
    run(docker, name, script="true")
    docker.ok("commit", "-c", change, name, f"{name}:1")
    settings = config(docker, f"{name}:1")["Config"]
    assert settings.get("Cmd") == command
    assert settings.get("Entrypoint") == entrypoint


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("RUN true", "run is not a valid change command"),
        ("FOO=x", "foo=x is not a valid change command"),
        ("ENV", "ENV requires at least one argument"),
    ],
)
def test_impossible_changes(docker: Client, name: str, change: str, text: str) -> None:
    """A4.8."""
    docker.ok("create", "--name", name, "busybox")
    before = set(docker.ok("images", "-aq").splitlines())
    assert docker("commit", "-c", change, name) == (1, "", f"Error response from daemon: {text}\n")
    assert set(docker.ok("images", "-aq").splitlines()) == before


def test_without_a_name(docker: Client, name: str) -> None:
    """A4.8: the image stays dangling."""
    run(docker, name, script="echo x > /x")
    image = docker.ok("commit", name)
    assert image in docker.ok("images", "-q", "--no-trunc", "--filter", "dangling=true").splitlines()


def test_same_tag_again(docker: Client, name: str) -> None:
    """A4.9: the tag moves; the old image is dangling, and the parent of what was made of it."""
    run(docker, f"{name}-a", script="echo 1 > /one")
    first = docker.ok("commit", f"{name}-a", "committed_image:0.1")
    docker.ok("run", "--name", f"{name}-b", "committed_image:0.1", "sh", "-c", "echo 2 > /two")
    second = docker.ok("commit", f"{name}-b", "committed_image:0.1")
    assert docker.ok("images", "-q", "--no-trunc", "committed_image:0.1") == second
    assert config(docker, first)["RepoTags"] == []
    assert config(docker, second)["Parent"] == first
    assert docker.ok("run", "--rm", "committed_image:0.1", "cat", "/one", "/two") == "1\n2"


def test_nothing_changed(docker: Client, name: str) -> None:
    """A4.8: without a change there is no new layer."""
    docker.ok("create", "--name", name, "busybox")
    docker.ok("commit", name, f"{name}:1")
    assert config(docker, f"{name}:1")["RootFS"] == config(docker, "busybox")["RootFS"]
    assert docker.ok("history", "--format", "{{.Size}}", f"{name}:1").splitlines()[0] == "0B"


def test_by_the_beginning_of_an_id(docker: Client, name: str) -> None:
    """A4.8: by name or id."""
    container = docker.ok("create", "--name", name, "busybox")
    assert docker("commit", container[:8], f"{name}:1").code == 0


def test_unknown(docker: Client) -> None:
    """A1.7: what is gone cannot be committed."""
    assert docker("commit", "no-such", "x") == (
        1,
        "",
        "Error response from daemon: No such container: no-such\n",
    )


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("Foo:1", "invalid reference format: repository name (library/Foo) must be lowercase"),
        ("SvenDowideit/testimage:version3", "must be lowercase"),
        ("foo:bad:tag", "invalid reference format"),
        ("foo@sha256:" + "1" * 64, "refusing to create a tag with a digest reference"),
    ],
)
def test_bad_names(docker: Client, name: str, target: str, text: str) -> None:
    """A4.10."""
    docker.ok("create", "--name", name, "busybox")
    code, output, error = docker("commit", name, target)
    assert (code, output) == (1, "")
    assert text in error


def test_configuration_in_the_body(docker: Client, api: Api, name: str) -> None:
    """A4.8: the API takes a configuration, which comes before the container's own."""
    run(docker, name, "-e", "FOO=bar", "-w", "/srv", script="true")
    body = {"Env": ["Z=1"], "Cmd": ["zz"]}
    reply = api.post("/commit", body, container=name, repo=name, tag="1", changes="ENV A=2\nENV B=3")
    assert reply.status == 201, reply
    settings = config(docker, f"{name}:1")["Config"]
    assert {"Z=1", "A=2", "B=3", "FOO=bar"} <= set(settings["Env"])
    assert settings["Cmd"] == ["zz"]
    assert settings["WorkingDir"] == "/srv"


@pytest.mark.parametrize(
    ("depth", "rounds"),
    [pytest.param(94, 12, id="from-a-deep-image"), pytest.param(1, 300, id="300", marks=pytest.mark.long)],
)
def test_commits_without_end(docker: Client, engine: Engine, name: str, depth: int, rounds: int) -> None:
    """F13: more rounds than an image may have layers; Docker ends with "max depth exceeded"."""
    if engine.is_dockerd:
        pytest.skip("Docker refuses more than 125 layers")
    image = busybox(f"{name}:x")
    deep = tuple(pack([Entry(f"layer-{number}", b"x")]) for number in range(depth - 1))
    engine.load(replace(image, layers=(*image.layers, *deep)))
    script = "echo {0} >> /log; echo {0} > /file-{0}; rm -f /file-{1}; mkdir -p /d && ln -f /log /d/{0}"
    for number in range(rounds):
        docker.ok(
            "run", "--name", f"{name}-{number}", f"{name}:x", "sh", "-c", script.format(number, number - 2)
        )
        docker.ok("commit", f"{name}-{number}", f"{name}:x")
        docker.ok("rm", f"{name}-{number}")
    assert len(config(docker, f"{name}:x")["RootFS"]["Layers"]) <= 100
    look = "wc -l < /log; ls /file-*; ls /d | wc -l; ls /layer-* 2>/dev/null | wc -l"
    output = docker.ok("run", "--rm", f"{name}:x", "sh", "-c", look)
    kept = [str(rounds), *sorted([f"/file-{rounds - 2}", f"/file-{rounds - 1}"])]
    assert output.splitlines() == [*kept, str(rounds), str(depth - 1)]
    rows = docker.ok("history", "-q", "--no-trunc", f"{name}:x").splitlines()
    assert len(rows) == rounds + depth
