"""What people get wrong in front of a build (A4.1 to A4.5): texts and exit codes of Docker's client."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.build.test_build_requests import IMAGE, MESSAGES, builder, own
from tests.unit.cli.conftest import Call, FakeDaemon

USAGE = (
    "\n\nUsage:  docker build [OPTIONS] PATH | URL | -\n\nRun 'docker build --help' for more information\n"
)


@pytest.mark.parametrize("words", [["build"], ["build", "-t", "x:gpu"]])
def test_no_path(call: Call, words: list[str]) -> None:
    result = call(*words)
    assert result.code == 1
    hint = "hint: add the context directory, for example .\n"
    assert result.err == f"docker: 'docker build' requires 1 argument{USAGE}{hint}"


def test_no_path_in_the_long_spelling(call: Call) -> None:
    result = call("image", "build", "-t", "x")
    assert result.code == 1
    assert result.err.startswith("docker: 'docker image build' requires 1 argument\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["-t", "Foo:Bar"],
            '"Foo:Bar" for "-t, --tag" flag: invalid reference format: repository name (library/Foo) '
            "must be lowercase",
        ),
        (["-t", "a:b:c"], '"a:b:c" for "-t, --tag" flag: invalid reference format'),
        (["--label", "a b=c"], "\"a b=c\" for \"--label\" flag: label 'a b' contains whitespaces"),
        (["--build-arg", "=x"], '"=x" for "--build-arg" flag: invalid environment variable: =x'),
        (["--ulimit", "foo"], '"foo" for "--ulimit" flag: invalid ulimit argument: foo'),
        (["--add-host", "x"], '"x" for "--add-host" flag: bad format for add-host: "x"'),
        (["-m", "5x"], "\"5x\" for \"-m, --memory\" flag: invalid suffix: 'x'"),
    ],
)  # fmt: skip
def test_bad_values(call: Call, words: list[str], problem: str) -> None:
    assert tuple(call("build", *words, ".")) == (125, "", f"invalid argument {problem}{USAGE}")


def test_no_such_directory(call: Call) -> None:
    assert tuple(call("build", "nodir")) == (1, "", 'unable to prepare context: path "nodir" not found\n')


def test_a_file_is_no_directory(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    path = tmp_path / "file"
    wanted = f"unable to prepare context: context must be a directory: {path}\n"
    assert tuple(call("build", str(path))) == (1, "", wanted)


def test_no_dockerfile(call: Call, tmp_path: Path) -> None:
    (tmp_path / "app.Dockerfile").write_text("FROM x")
    problem = (
        "unable to prepare context: unable to evaluate symlinks in Dockerfile path: "
        f"lstat {tmp_path}/Dockerfile: no such file or directory\n"
    )
    hint = "hint: the directory has app.Dockerfile: name it with -f\n"
    assert tuple(call("build", str(tmp_path))) == (1, "", problem + hint)


def test_standard_input_serves_one_thing(call: Call) -> None:
    wanted = "invalid argument: can't use stdin for both build context and dockerfile\n"
    assert tuple(call("build", "-f", "-", "-")) == (1, "", wanted)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["-q", "--progress", "plain"], "can't use --progress and --quiet at the same time"),
        (["--push"], "tag is needed when pushing to registry"),
        (["-o", "type=nope,dest=x"], "exporter 'nope' could not be found"),
        (["-o", "type=local"], "dest is required for local exporter"),
        (["-o", "dest=x"], "type is required for output"),
        (["--secret", "src=x"], "secret missing ID"),
        (["--secret", "id"], "invalid field 'id' must be a key=value pair"),
        (["--secret", "id=a,src=/no/such"], "failed to stat /no/such: stat /no/such: no such file"),
        (["--ssh", "default"], "invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set"),
        (["--call", "nope"], 'unknown call "nope"'),
        (["--progress", "tty"], "failed to get console"),
    ],
)  # fmt: skip
def test_refused_before_any_request(
    docker: Call, daemon: FakeDaemon, tmp_path: Path, words: list[str], problem: str
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    result = docker("build", *words, str(tmp_path))
    assert result.code == 1
    assert result.err.startswith(problem)
    assert daemon.seen() == []


def test_help_ends_well(call: Call) -> None:
    for words in (["build", "--help"], ["image", "build", "--help"], ["buildx", "build", "--help"]):
        result = call(*words)
        assert result.code == 0
        assert "docker image build, docker build, docker builder build, docker buildx build" in result.out
        assert "--shell-on-fail" in result.out


def failing(daemon: FakeDaemon, code: int) -> str:
    text = f"The command '/bin/sh -c exit {code}' returned a non-zero code: {code}"
    builder(
        daemon,
        [
            {"stream": "Step 1/2 : FROM busybox"}, {"stream": "\n"}, {"stream": " ---> abc\n"},
            {"stream": f"Step 2/2 : RUN exit {code}"}, {"stream": "\n"},
            {"stream": " ---> Running in 0123456789ab\n"}, {"stream": "last words\n"},
            {"errorDetail": {"code": code, "message": text}, "error": text},
        ],
    )  # fmt: skip
    return text


def test_a_failing_step_gives_its_code_and_its_line(
    docker: Call, daemon: FakeDaemon, stdin: Callable[[bytes], None]
) -> None:
    text = failing(daemon, 7)
    stdin(b"FROM busybox\n# comment\nRUN exit 7\n")
    result = docker("build", "-")
    assert result.code == 7
    assert result.out.endswith(" ---> Running in 0123456789ab\nlast words\n")
    assert result.err == (
        "\nDockerfile:3\n  1 | FROM busybox\n  2 | # comment\n  3 > RUN exit 7\n\n" + text + "\n"
    )


def test_quiet_shows_everything_when_it_fails(
    docker: Call, daemon: FakeDaemon, stdin: Callable[[bytes], None]
) -> None:
    text = failing(daemon, 3)
    stdin(b"FROM busybox\nRUN exit 3\n")
    code, out, err = docker("build", "-q", "-")
    assert (code, out) == (3, "")
    assert "Step 2/2 : RUN exit 3\n" in err
    assert err.endswith(text + "\n")


def test_a_refusal_of_the_daemon(docker: Call, daemon: FakeDaemon, stdin: Callable[[bytes], None]) -> None:
    own(daemon, [])
    daemon.on("POST /build", (400, {"message": "dockerfile parse error line 1: unknown instruction: FORM"}))
    stdin(b"FORM busybox\n")
    code, _, err = docker("build", "-")
    assert code == 1
    assert err.endswith(
        "Error response from daemon: dockerfile parse error line 1: unknown instruction: FORM\n"
    )
    assert "> FORM busybox" in err


def test_the_id_goes_into_its_file(docker: Call, daemon: FakeDaemon, tmp_path: Path) -> None:
    own(daemon, [])
    builder(daemon, MESSAGES)
    daemon.on(f"GET /images/{IMAGE}/json", (200, {"Descriptor": {"digest": "sha256:m"}}))
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    path, meta = tmp_path / "id", tmp_path / "meta"
    path.write_text("old")
    assert (
        docker("build", "--iidfile", str(path), "--metadata-file", str(meta), "-t", "a", str(tmp_path)).code
        == 0
    )
    assert path.read_text() == IMAGE
    assert '"containerimage.digest": "sha256:m"' in meta.read_text()
    assert '"image.name": "a"' in meta.read_text()


def test_the_id_of_an_earlier_build_does_not_outlive_a_failure(
    docker: Call, daemon: FakeDaemon, tmp_path: Path
) -> None:
    own(daemon, [])
    failing(daemon, 1)
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN exit 1\n")
    path = tmp_path / "id"
    path.write_text("old")
    assert docker("build", "--iidfile", str(path), str(tmp_path)).code == 1
    assert not path.exists()
