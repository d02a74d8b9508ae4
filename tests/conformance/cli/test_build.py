"""``build`` of berth's own client, against its own daemon and against dockerd (A4.1 to A4.7)."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.support.cli import Client, own_client
from tests.support.engines import Engine

TERMINAL = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


@pytest.fixture
def berth(engine: Engine, tmp_path: Path) -> Client:
    return own_client(engine.host, tmp_path / "home")


@pytest.fixture
def only_berthd(engine: Engine) -> None:
    """The test is about what dockerd's builder does not have."""
    if engine.is_dockerd:
        pytest.skip("the classic builder of dockerd has no such thing")


@pytest.fixture
def app(tmp_path: Path, name: str) -> Path:
    """A small program with its Dockerfile; the first RUN is this test's own."""
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "src" / "main.sh").write_text("echo from the context\n")
    (root / "notes.log").write_text("not for the image")
    (root / ".dockerignore").write_text("*.log\n")
    (root / "Dockerfile").write_text(
        f"FROM busybox\nRUN echo {name} > /made\nWORKDIR /code\nCOPY . .\n"
        'ENTRYPOINT ["sh", "/code/src/main.sh"]\n'
    )
    return root


def test_the_classic_form(berth: Client, app: Path, name: str) -> None:
    first = berth("build", "-t", name, ".", cwd=app)
    assert (first.code, first.err) == (0, "")
    lines = first.out.split("\n")
    assert lines[0].startswith("Sending build context to Docker daemon ")
    assert lines[0].endswith("B\r\r")
    assert lines[1] == "Step 1/5 : FROM busybox"
    assert lines[2].startswith(" ---> ")
    assert lines[3] == f"Step 2/5 : RUN echo {name} > /made"
    assert lines[4].startswith(" ---> Running in ")
    assert 'Step 5/5 : ENTRYPOINT ["sh", "/code/src/main.sh"]' in lines
    assert lines[-3].startswith("Successfully built ")
    assert lines[-2:] == [f"Successfully tagged {name}:latest", ""]
    again = berth("build", "-t", name, f"{app}/").out.split("\n")
    assert again.count(" ---> Using cache") == 4
    assert again[-3] == lines[-3]
    assert berth.ok("run", "--rm", name) == "from the context"
    assert berth.ok("run", "--rm", "--entrypoint", "ls", name, "-A", "/code").split() == [
        ".dockerignore", "Dockerfile", "src",
    ]  # fmt: skip


def test_changed_content_builds_from_there(berth: Client, app: Path, name: str) -> None:
    berth.ok("build", "-t", name, str(app))
    (app / "src" / "main.sh").write_text("echo another text\n")
    (app / "notes.log").write_text("nobody sees this")
    out = berth.ok("build", "-t", name, str(app))
    assert out.count(" ---> Using cache") == 2
    assert berth.ok("run", "--rm", name) == "another text"


def test_a_file_of_the_same_size_and_time(berth: Client, app: Path, name: str) -> None:
    """Whatever is remembered of files, their content decides."""
    import os

    path = app / "src" / "main.sh"
    for text in ("echo one\n", "echo two\n", "echo 333\n"):
        path.write_text(text)
        os.utime(path, (1_000_000, 1_000_000))
        berth.ok("build", "-q", "-t", name, str(app))
        assert berth.ok("run", "--rm", name) == text.split()[1]


def test_quiet_prints_the_id(berth: Client, app: Path, name: str, tmp_path: Path) -> None:
    result = berth("build", "-q", "-t", name, "--iidfile", str(tmp_path / "iid"), str(app))
    assert (result.code, result.err) == (0, "")
    image = berth.ok("image", "inspect", "--format", "{{.Id}}", name)
    assert result.out == f"{image}\n"
    assert (tmp_path / "iid").read_text() == image


def test_a_failing_command(berth: Client, name: str, tmp_path: Path) -> None:
    dockerfile = f"FROM busybox\n# {name}\nRUN echo last words; exit 7\n"
    result = berth("build", "-", stdin=dockerfile)
    assert result.code == 7
    assert result.out.endswith("last words\n")
    message = "The command '/bin/sh -c echo last words; exit 7' returned a non-zero code: 7\n"
    assert result.err.endswith(f"\nDockerfile:3\n  1 | FROM busybox\n  2 | # {name}\n"
                               f"  3 > RUN echo last words; exit 7\n\n{message}")  # fmt: skip
    quiet = berth("build", "-q", "-", stdin=dockerfile)
    assert (quiet.code, quiet.out) == (7, "")
    assert "last words\n" in quiet.err
    assert quiet.err.endswith(message)


def test_a_file_that_is_not_there(berth: Client, app: Path) -> None:
    (app / "Dockerfile").write_text("FROM busybox\nCOPY notes.log /\n")
    result = berth("build", str(app))
    assert result.code == 1
    assert "file not found in build context or excluded by .dockerignore" in result.err


def test_the_rule_that_left_a_file_out_is_named(berth: Client, app: Path, only_berthd: None) -> None:
    (app / "Dockerfile").write_text("FROM busybox\nCOPY notes.log /\n")
    result = berth("build", str(app))
    assert "notes.log is excluded by line 1 of .dockerignore: *.log" in result.err
    (app / "Dockerfile.dockerignore").write_text("# own\nnotes*\n")
    result = berth("build", str(app))
    assert "notes.log is excluded by line 2 of Dockerfile.dockerignore: notes*" in result.err


def test_an_unknown_instruction(berth: Client) -> None:
    result = berth("build", "-", stdin="FROM busybox\nFORM x\n")
    assert result.code == 1
    assert "unknown instruction: FORM" in result.err
    assert "  2 > FORM x\n" in result.err


def test_contexts_on_standard_input(berth: Client, name: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in (("other.df", "FROM busybox\nCOPY data /data\n"), ("data", name)):
            member = tarfile.TarInfo(path)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    assert berth("build", "-t", name, "-f", "other.df", "-", stdin=buffer.getvalue()).code == 0
    assert berth.ok("run", "--rm", name, "cat", "/data") == name


def test_a_dockerfile_elsewhere(berth: Client, app: Path, name: str, tmp_path: Path) -> None:
    (tmp_path / "other.df").write_text(f"FROM busybox\nCOPY src /src\nLABEL test={name}\n")
    berth.ok("build", "-t", name, "-f", str(tmp_path / "other.df"), str(app))
    assert berth.ok("run", "--rm", name, "ls", "/src") == "main.sh"
    stdin = f"FROM busybox\nCOPY src/main.sh /only\nLABEL other={name}\n"
    berth.ok("build", "-t", name, "-f", "-", str(app), stdin=stdin)
    assert berth.ok("run", "--rm", name, "cat", "/only") == "echo from the context"


def test_arguments_labels_and_names(berth: Client, name: str) -> None:
    dockerfile = "FROM busybox\nARG ONE\nARG TWO=two\nENV GOT=$ONE-$TWO\n"
    words = ("-t", f"{name}:a", "-t", f"{name}:b", "--build-arg", "ONE", "--label", "who=me")
    result = berth("build", *words, "-", stdin=dockerfile, env={"ONE": "1"})
    assert result.code == 0, result
    said = json.loads(berth.ok("image", "inspect", f"{name}:b"))[0]
    assert "GOT=1-two" in said["Config"]["Env"]
    assert said["Config"]["Labels"] == {"who": "me"}
    assert sorted(said["RepoTags"]) == [f"{name}:a", f"{name}:b"]


def test_the_target(berth: Client, name: str) -> None:
    dockerfile = "FROM busybox AS first\nENV STAGE=first\nFROM busybox\nRUN false\n"
    berth.ok("build", "-t", name, "--target", "first", "-", stdin=dockerfile)
    assert berth.ok("run", "--rm", name, "sh", "-c", "echo $STAGE") == "first"


def test_only_what_changed_is_sent(berth: Client, app: Path, name: str, only_berthd: None) -> None:
    (app / "big.bin").write_bytes(b"\xa5" * 3_000_000)

    def sent() -> float:
        line = berth.ok("build", "-t", name, str(app)).partition("\r")[0].split()[-1]
        return float(line.rstrip("kMB")) * {"k": 1e3, "M": 1e6}.get(line[-2], 1)

    assert sent() > 3_000_000
    sent()  # files that were written a moment before they were listed are sent once more
    assert sent() < 2_000
    (app / "src" / "main.sh").write_text("echo more\n")
    assert sent() < 5_000


def test_what_no_step_can_read_is_not_sent(berth: Client, app: Path, name: str, only_berthd: None) -> None:
    (app / "big.bin").write_bytes(b"\xa5" * 3_000_000)
    (app / "Dockerfile").write_text(f"FROM busybox\nCOPY src/*.sh /x/\nLABEL test={name}\n")
    line = berth.ok("build", "-t", name, str(app)).partition("\r")[0]
    assert line.endswith("kB")
    assert berth.ok("run", "--rm", name, "ls", "/x") == "main.sh"


def test_secrets_are_not_in_the_image(berth: Client, name: str, tmp_path: Path, only_berthd: None) -> None:
    (tmp_path / "token").write_text("s3cret")
    dockerfile = (
        f"FROM busybox\nLABEL test={name}\n"
        "RUN --mount=type=secret,id=token,required=true wc -c < /run/secrets/token > /size\n"
    )
    words = ("-t", name, "--secret", f"id=token,src={tmp_path}/token")
    assert berth("build", *words, "-", stdin=dockerfile).code == 0
    assert (
        berth.ok("run", "--rm", name, "sh", "-c", "cat /size; ls /run/secrets 2>&1 | wc -l").split()[0] == "6"
    )


def test_the_files_of_the_result(berth: Client, app: Path, tmp_path: Path, only_berthd: None) -> None:
    (app / "Dockerfile").write_text("FROM scratch\nCOPY src /\n")
    assert berth("build", "-o", str(tmp_path / "out"), str(app)).code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["main.sh"]
    done = berth.binary("build", "-o", "type=tar,dest=-", str(app))
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert [member.name.strip("./") for member in archive if member.isfile()] == ["main.sh"]


def test_named_contexts(berth: Client, tmp_path: Path, name: str, only_berthd: None) -> None:
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "file").write_text(name)
    dockerfile = "FROM base\nCOPY --from=extra file /file\n"
    words = ("--build-context", f"extra={tmp_path}/extra", "--build-context", "base=docker-image://busybox")
    result = berth("build", "-t", name, *words, "-", stdin=dockerfile)
    assert result.code == 0, result
    assert berth.ok("run", "--rm", name, "cat", "/file") == name


def test_a_dry_run_builds_nothing(berth: Client, app: Path, name: str, only_berthd: None) -> None:
    result = berth("build", "--dry-run", "-t", name, str(app))
    assert result.code == 0, result
    assert result.lines[-1].endswith("nothing was built")
    assert berth("image", "inspect", name).code == 1


def test_the_live_view(berth: Client, app: Path, name: str, only_berthd: None) -> None:
    with berth.terminal("build", "-t", name, str(app), env=TERMINAL) as session:
        session.expect(r"Building " + name)
        session.expect(r"Built ([0-9a-f]{12})")
        session.expect(rf"Tagged {name}:latest")
        assert session.wait() == 0
        shown = session.seen.decode()
    assert "\x1b[3" not in shown
    assert "  ✔ 2/5 RUN echo" in shown
    assert berth.ok("run", "--rm", name) == "from the context"


def test_a_failure_in_the_live_view(berth: Client, name: str, tmp_path: Path, only_berthd: None) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM busybox\nRUN echo {name}; exit 9\n")
    with berth.terminal("build", str(tmp_path), size=(20, 50), env=TERMINAL) as session:
        session.expect(r"✘ 2/2 RUN echo")
        session.expect(r"Dockerfile:2\r\n  1 \| FROM busybox\r\n  2 > RUN echo")
        session.expect(rf"its last output:\r\n  │ {name}\r\n")
        session.expect(r"exit code 9: /bin/sh -c")
        session.expect("build again with --shell-on-fail")
        session.expect(r"returned a non-zero code: 9\r\n")
        assert session.wait() == 9


def test_a_shell_where_the_step_failed(berth: Client, name: str, tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM busybox\nENV WHO={name}\nWORKDIR /place\nRUN echo half > made; exit 9\n"
    )
    known = {row["Id"] for row in engine.api.get("/containers/json", all=True).json()}
    with berth.terminal("build", "--shell-on-fail", str(tmp_path), env=TERMINAL) as session:
        session.expect("this is the state in which the step failed")
        session.expect("# ")
        session.line("echo $(cat made) $WHO in $(pwd)")
        session.expect(f"half {name} in /place")
        session.line("exit 3")
        assert session.wait() == 9
    left = {row["Id"] for row in engine.api.get("/containers/json", all=True).json()} - known
    assert not [
        i for i in left if "exit 9" in " ".join(engine.api.get(f"/containers/{i}/json").json()["Args"])
    ]
