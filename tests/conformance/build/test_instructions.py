"""Each instruction and what it leaves in the image (A4.6, A4.16, A5)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.archive import Entry, directory, pack, symlink
from tests.support.cli import Client
from tests.support.engines import Engine

Look = Callable[[str, str], str]
FROM = "FROM busybox\n"


@pytest.fixture
def settings(docker: Client, make: Maker) -> Callable[[str], dict[str, Any]]:
    """The configuration of what a Dockerfile builds."""

    def call(text: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker.ok("image", "inspect", make(text).image))[0]
        return found["Config"] | {"Author": found["Author"]}

    return call


Settings = Callable[[str], dict[str, Any]]


def test_metadata(settings: Settings) -> None:
    """A4.16: LABEL with two pairs, EXPOSE, ENV, USER, VOLUME, and the others."""
    found = settings(
        FROM + 'MAINTAINER me\nLABEL one=1 two="2 b"\nEXPOSE 8888 90-91/udp\nENV A=b C="d e"\n'
        "ENV old style value\n"
        'VOLUME /v\nVOLUME ["/w", "/x y"]\nUSER demo\nWORKDIR /wd\nSTOPSIGNAL SIGUSR1\n'
        'SHELL ["sh", "-x", "-c"]\n'
        "HEALTHCHECK --interval=5s --retries=4 CMD true\nCMD a b\n"
    )
    assert found["Labels"] == {"one": "1", "two": "2 b"}
    assert set(found["ExposedPorts"]) == {"8888/tcp", "90/udp", "91/udp"}
    assert found["Env"][1:] == ["A=b", "C=d e", "old=style value"]
    assert set(found["Volumes"]) == {"/v", "/w", "/x y"}
    assert found["User"] == "demo"
    assert found["WorkingDir"] == "/wd"
    assert found["StopSignal"] == "SIGUSR1"
    assert found["Shell"] == ["sh", "-x", "-c"]
    assert found["Healthcheck"] == {"Test": ["CMD-SHELL", "true"], "Interval": 5_000_000_000, "Retries": 4}
    assert found["Cmd"] == ["sh", "-x", "-c", "a b"]
    assert found["Author"] == "me"


@pytest.mark.parametrize(
    ("lines", "entrypoint", "command"),
    [
        ('CMD ["a", "b"]\n', None, ["a", "b"]),
        ("CMD a b\nCMD c d\n", None, ["/bin/sh", "-c", "c d"]),
        ('ENTRYPOINT ["e", "f"]\nCMD ["x"]\n', ["e", "f"], ["x"]),
        ("ENTRYPOINT e f\n", ["/bin/sh", "-c", "e f"], None),
        ('CMD ["x"]\nENTRYPOINT ["e"]\n', ["e"], ["x"]),
        ("CMD ['a', 'b']\n", None, ["/bin/sh", "-c", "['a', 'b']"]),
    ],
)
def test_command(
    settings: Settings, lines: str, entrypoint: list[str] | None, command: list[str] | None
) -> None:
    """A5 CMD, ENTRYPOINT: the last counts; an inherited CMD does not survive a new ENTRYPOINT."""
    found = settings(FROM + lines)
    assert (found.get("Entrypoint"), found.get("Cmd")) == (entrypoint, command)


def test_history(make: Maker, docker: Client) -> None:
    """A4.2: each step is in the history, with its size where it made a layer."""
    done = make(FROM + "RUN echo 12345 >/f\nENV A=b\nCOPY a /a\n", {"a": "123"})
    rows = docker.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Size}}", done.image).splitlines()
    assert rows[2] == "/bin/sh -c echo 12345 >/f|6B" or rows[2].startswith("RUN /bin/sh -c echo 12345 >/f")
    assert "ENV A=b" in rows[1] and rows[1].endswith("|0B")
    assert "COPY" in rows[0] and rows[0].endswith("|3B")


def test_workdir(make: Maker, look: Look) -> None:
    """A4.6, A5 WORKDIR: made if missing; relative ones chain; COPY and RUN begin there."""
    done = make(FROM + "WORKDIR /code\nWORKDIR sub\nCOPY . .\nRUN pwd >where\n", {"a": "1", "d/b": "2"})
    assert look(done.image, "cat /code/sub/where; cat a d/b; ls -d /code/sub") == "/code/sub\n12/code/sub"


def test_workdir_makes_its_directory(make: Maker, look: Look) -> None:
    """A5 WORKDIR: even where nothing else follows."""
    done = make(FROM + "WORKDIR /a/b\n")
    assert look(done.image, "stat -c '%a %u:%g' /a /a/b") == "755 0:0\n755 0:0"


def test_arguments(make: Maker, look: Look) -> None:
    """A5 ARG, D4: before FROM, with and without default, given and not."""
    done = make(
        "ARG tag=nope\nFROM busybox:$tag\nARG tag\nARG X=x\nARG Y=y\nARG Z\n"
        'RUN echo "$tag-$X-$Y-$Z" >/said\nENV FROM_ARG=${X}${Y}\n',
        buildargs={"tag": "latest", "X": "given"},
    )
    assert look(done.image, "cat /said; echo $FROM_ARG$X") == "latest-given-y-\ngiveny"


def test_proxy_arguments(make: Maker, docker: Client) -> None:
    """D4: the proxies are there without ARG, are not told as unused, and stay out of the history."""
    done = make(FROM + "RUN echo proxy is $HTTP_PROXY\n", buildargs={"HTTP_PROXY": "http://secret"})
    assert "proxy is http://secret" in done.text
    assert "not consumed" not in done.text
    assert "secret" not in docker.ok("history", "--no-trunc", done.image)


def test_variables(make: Maker, docker: Client) -> None:
    """D4: values are fixed per instruction; forms with defaults."""
    done = make(
        FROM
        + "ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc jkl=${no:-dflt} mno=${abc:+set} pqr=\\$abc\n"
        "LABEL l=$ghi\n"
    )
    found = json.loads(docker.ok("image", "inspect", done.image))[0]["Config"]
    assert found["Env"][1:] == ["abc=bye", "def=hello", "ghi=bye", "jkl=dflt", "mno=set", "pqr=$abc"]
    assert found["Labels"] == {"l": "bye"}


def test_shell(make: Maker, look: Look) -> None:
    """A5 SHELL: of RUN in shell form."""
    done = make(FROM + 'SHELL ["/bin/sh", "-ec", "echo \\"$0\\" >/said"]\nRUN told\n')
    assert look(done.image, "cat /said") == "told"


def test_user(make: Maker, look: Look) -> None:
    """A5 USER: who RUN is; what COPY makes is root's all the same."""
    done = make(FROM + "USER demo\nRUN id -u >/tmp/me\nCOPY a /tmp/a\n", {"a": "1"})
    assert look(done.image, "cat /tmp/me; stat -c %u:%g /tmp/me /tmp/a") == "1000\n1000:1000\n0:0"


def test_volume(engine: Engine, make: Maker, look: Look) -> None:
    """A5 VOLUME: what is written there later in the build is kept (as BuildKit does; the classic builder
    of dockerd drops it)."""
    done = make(FROM + "RUN mkdir /v; echo 1 >/v/one\nVOLUME /v\nRUN echo 2 >/v/two\n")
    assert look(done.image, "ls /v") == ("one" if engine.is_dockerd else "one\ntwo")


def test_deletion(make: Maker, look: Look) -> None:
    """A5 RUN: what a step deletes is gone."""
    done = make(FROM + "RUN mkdir /d; touch /d/a /d/b\nRUN rm /d/a /etc/group; rm -r /mnt\n")
    assert look(done.image, "ls /d /etc/group /mnt 2>&1; true").splitlines()[-1] == "b"


@pytest.mark.parametrize(
    ("line", "script", "expected"),
    [
        ("COPY a /x", "cat /x", "A"),
        ("COPY a /x/", "cat /x/a", "A"),
        ("COPY a /p/q/r/x", "cat /p/q/r/x; stat -c %a /p/q", "A755"),
        ("COPY a b /x/", "cat /x/a /x/b", "AB"),
        ("COPY dir /x", "ls /x; cat /x/sub/deep", "c\nsub\nD"),
        ("COPY dir /x/", "ls /x", "c\nsub"),
        ("COPY *.txt /x/", "ls /x", "one.txt\ntwo.txt"),
        ("COPY o?e.txt [t]wo.txt /x/", "ls /x", "one.txt\ntwo.txt"),
        ('COPY ["with space", "/x y/"]', "cat '/x y/with space'", "S"),
        ("COPY . /all", "ls /all | grep -c .", "8"),
        ("COPY dir /etc/", "ls /etc/passwd /etc/c", "/etc/c\n/etc/passwd"),
        ("COPY link /x", "stat -c %F /x", "regular file"),
        ("COPY links /x", "readlink /x/inner", "../a"),
        ("COPY a tmp/", "cat /tmp/a; stat -c %a /tmp", "A1777"),
        ("COPY --chown=demo:audio a dir/c /x/", "stat -c %u:%g /x/a /x/c", "1000:29\n1000:29"),
        ("COPY --chown=7:8 a /x", "stat -c %u:%g /x", "7:8"),
        ("COPY --chown=7 a /x", "stat -c %u:%g /x", "7:7"),
        ("ADD a /x", "cat /x", "A"),
        ("ADD pack.tar /x/", "cat /x/in/side", "packed"),
        ("COPY pack.tar /x/", "ls /x", "pack.tar"),
    ],
)
def test_copy(make: Maker, look: Look, line: str, script: str, expected: str) -> None:
    """A5 COPY, ADD: destinations, wildcards, directories, links, owners, archives."""
    files: dict[str, str | bytes | Entry] = {
        "a": "A",
        "b": "B",
        "one.txt": "1",
        "two.txt": "2",
        "with space": "S",
        "dir": directory("dir"),
        "dir/c": "C",
        "dir/sub/deep": "D",
        "pack.tar": pack([directory("in"), Entry("in/side", b"packed")]),
    }
    if "link" in line:
        files |= {"link": symlink("link", "a"), "links/inner": symlink("links/inner", "../a")}
    assert look(make(FROM + line + "\n", files).image, script) == expected


def test_modes_are_kept(make: Maker, look: Look) -> None:
    """A5 COPY: modes as in the context, owner root."""
    files = {"d": directory("d", 0o750, 5, 6), "d/s": Entry("d/s", b"x", mode=0o711, uid=5, gid=6)}
    done = make(FROM + "COPY . /x\n", files)
    assert look(done.image, "stat -c '%a %u:%g' /x/d /x/d/s") == "750 0:0\n711 0:0"


def test_compressed_archives(make: Maker, look: Look) -> None:
    """A5 ADD: recognised by content, not by name."""
    import bz2
    import gzip
    import lzma

    inner = {kind: pack([Entry(f"from-{kind}", b"1")]) for kind in ("gz", "bz", "xz")}
    files: dict[str, str | bytes | Entry] = {
        "one": gzip.compress(inner["gz"]),
        "two": bz2.compress(inner["bz"]),
        "three": lzma.compress(inner["xz"]),
        "four.tar.gz": "not an archive",
    }
    done = make(FROM + "ADD one two three four.tar.gz /x/\n", files)
    assert look(done.image, "ls /x") == "four.tar.gz\nfrom-bz\nfrom-gz\nfrom-xz"


def test_empty_health_and_command(settings: Settings) -> None:
    """A5 HEALTHCHECK NONE; an empty exec form clears."""
    found = settings("FROM fixture-health:1\nHEALTHCHECK NONE\nCMD []\n")
    assert found["Healthcheck"]["Test"] == ["NONE"]
    assert not found["Cmd"]


def test_onbuild_is_kept(settings: Settings) -> None:
    """A5 ONBUILD: stored as written."""
    assert settings(FROM + "ONBUILD RUN a  b\nONBUILD COPY x /y\n")["OnBuild"] == ["RUN a  b", "COPY x /y"]


def test_seed_000(make: Maker, debian_image: str, look: Look) -> None:
    """A4.6: the Dockerfile of a course: base, packages, port, volume, user."""
    done = make(
        f"FROM {debian_image}\nLABEL maintainer=me version=1\nENV LANG=C.UTF-8\n"
        "RUN python3 -c 'print(6 * 7)' > /answer && mkdir -p /notebooks\n"
        'EXPOSE 8888\nVOLUME /notebooks\nWORKDIR /notebooks\nCMD ["bash"]\n'
    )
    assert look(done.image, "cat /answer; pwd") == "42\n/notebooks"


def test_seed_002(make: Maker, debian_image: str, docker: Client) -> None:
    """A4.6: COPY of a program and an ENTRYPOINT that runs it."""
    done = make(
        f'FROM {debian_image}\nCOPY main.py /app/\nENTRYPOINT ["python3", "/app/main.py"]\n',
        {"main.py": "import sys; print('hello', *sys.argv[1:])\n"},
    )
    assert docker.ok("run", "--rm", done.image, "there") == "hello there"


def test_seed_004(make: Maker, debian_image: str, docker: Client) -> None:
    """A4.6: WORKDIR, COPY . ., CMD: the first dot is the context, the second the directory in the image."""
    done = make(
        f'FROM {debian_image}\nWORKDIR /code\nCOPY . .\nRUN pwd\nCMD ["python3", "train.py"]\n',
        {"train.py": "import lib; lib.go()\n", "lib.py": "def go(): print('trained')\n"},
    )
    assert "\n/code\n" in done.text
    assert docker.ok("run", "--rm", done.image) == "trained"
