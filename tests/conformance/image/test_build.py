"""docker build, as the stock client does it without BuildKit (A4.1-A4.5)."""

import re
from pathlib import Path

import pytest

from tests.support.cli import Client, Result
from tests.support.engines import Engine
from tests.support.expect import expect

CLASSIC = {"DOCKER_BUILDKIT": "0"}
_ID = re.compile(r"\b[0-9a-f]{12}\b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small context."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo hi\nCOPY a /x/\n")
    (tmp_path / "a").write_text("A")
    return tmp_path


def build(docker: Client, *words: str, cwd: Path | None = None, stdin: str | bytes | None = None) -> Result:
    return docker("build", *words, cwd=cwd, stdin=stdin, env=CLASSIC)


def shown(result: Result) -> str:
    return _ID.sub("ID", result.out)


def test_output(docker: Client, folder: Path, name: str) -> None:
    """A4.2: what a person sees."""
    done = build(docker, "--no-cache", "-t", f"{name}:1", ".", cwd=folder)
    assert done.code == 0, done
    head, _, rest = shown(done).rpartition("\r\n")
    assert re.fullmatch(r"Sending build context to Docker daemon  [0-9.]+kB\r", head)
    assert rest == (
        "Step 1/3 : FROM busybox\n ---> ID\n"
        "Step 2/3 : RUN echo hi\n ---> Running in ID\nhi\nRemoving intermediate container ID\n ---> ID\n"
        f"Step 3/3 : COPY a /x/\n ---> ID\nSuccessfully built ID\nSuccessfully tagged {name}:1\n"
    )
    assert docker.ok("run", "--rm", f"{name}:1", "cat", "/x/a") == "A"


def test_again(docker: Client, folder: Path, name: str) -> None:
    """A4.7: all of it from the cache."""
    build(docker, "-t", f"{name}:1", ".", cwd=folder)
    done = build(docker, "-t", f"{name}:1", ".", cwd=folder)
    assert done.out.count(" ---> Using cache\n") == 2


@pytest.mark.parametrize("path", ["{}", "{}/"])
def test_absolute_path(docker: Client, folder: Path, name: str, path: str) -> None:
    """A4.1: with and without a slash at the end."""
    assert build(docker, "-t", f"{name}:1", path.format(folder)).code == 0


def test_several_names(docker: Client, folder: Path, name: str) -> None:
    """A4.1: ``-t`` twice."""
    done = build(docker, "-t", f"{name}:1", "-t", f"{name}-b", ".", cwd=folder)
    assert done.out.endswith(f"Successfully tagged {name}:1\nSuccessfully tagged {name}-b:latest\n")
    assert docker.ok("images", "-q", f"{name}:1") == docker.ok("images", "-q", f"{name}-b")


def test_other_file(docker: Client, folder: Path, name: str) -> None:
    """A4.1: ``-f``."""
    (folder / "Other").write_text("FROM busybox\nENV OTHER=1\n")
    assert build(docker, "-f", "Other", "-t", f"{name}:1", ".", cwd=folder).code == 0
    assert "OTHER=1" in docker.ok("inspect", "-f", "{{.Config.Env}}", f"{name}:1")


def test_file_on_standard_input(docker: Client, name: str) -> None:
    """A4.1: ``-`` without a context."""
    done = build(docker, "-t", f"{name}:1", "-", stdin="FROM busybox\nENV IN=1\n")
    assert done.code == 0, done
    assert "IN=1" in docker.ok("inspect", "-f", "{{.Config.Env}}", f"{name}:1")


@pytest.mark.parametrize("flags", ["-cf", "-czf", "-cjf", "-cJf"])
def test_context_on_standard_input(docker: Client, folder: Path, name: str, flags: str) -> None:
    """A4.1: ``-`` as a tar, compressed in any way."""
    import subprocess

    data = subprocess.run(["tar", flags, "-", "."], cwd=folder, check=True, capture_output=True).stdout
    done = build(docker, "-t", f"{name}:1", "-", stdin=data)
    assert done.code == 0, done
    assert docker.ok("run", "--rm", f"{name}:1", "cat", "/x/a") == "A"


def test_quiet(docker: Client, folder: Path) -> None:
    """A4.2: ``-q`` prints the id."""
    done = build(docker, "-q", ".", cwd=folder)
    assert re.fullmatch("sha256:[0-9a-f]{64}\n", done.out)


def test_id_file(docker: Client, folder: Path) -> None:
    """A4.1: ``--iidfile``."""
    done = build(docker, "--iidfile", "id", ".", cwd=folder)
    written = (folder / "id").read_text()
    assert re.fullmatch("sha256:[0-9a-f]{64}", written)
    assert f"Successfully built {written[7:19]}\n" in done.out


def test_ignore_file(docker: Client, folder: Path, name: str) -> None:
    """D5: what it names is not in the context; the Dockerfile is read all the same."""
    (folder / "b").write_text("B")
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY . /x/\n")
    (folder / ".dockerignore").write_text("b\nDockerfile\n.dockerignore\n")
    assert build(docker, "-t", f"{name}:1", ".", cwd=folder).code == 0
    assert docker.ok("run", "--rm", f"{name}:1", "ls", "-A", "/x") == "a"


def test_arguments(docker: Client, folder: Path, name: str) -> None:
    """A5 ARG: from the command line, and from the client's environment."""
    (folder / "Dockerfile").write_text("FROM busybox\nARG A=1\nARG B\nENV SAID=$A-$B\n")
    words = ("build", "--build-arg", "A=2", "--build-arg", "B", "-t", f"{name}:1", ".")
    assert docker(*words, cwd=folder, env={**CLASSIC, "B": "from env"}).code == 0
    assert "SAID=2-from env" in docker.ok("inspect", "-f", "{{.Config.Env}}", f"{name}:1")


def test_failing_command(docker: Client, folder: Path, engine: Engine) -> None:
    """A4.5: the text on standard error, and the exit code of the command."""
    (folder / "Dockerfile").write_text("FROM busybox\nRUN exit 7\n")
    done = build(docker, ".", cwd=folder)
    assert "The command '/bin/sh -c exit 7' returned a non-zero code: 7\n" in done.err
    assert done.code == 7
    left = docker.ok("ps", "-aq", "--filter", "status=exited", "--filter", "exited=7").split()
    assert len(left) == 1


def test_unknown_instruction(docker: Client, folder: Path, engine: Engine) -> None:
    """A4.5: with its line."""
    (folder / "Dockerfile").write_text("FROM busybox\n\nFORM x\n")
    done = build(docker, ".", cwd=folder)
    assert done.code == 1
    where = expect(engine, dockerd="line 3", berthd="on line 3")
    assert f"dockerfile parse error {where}: unknown instruction: FORM" in done.err


def test_missing_source(docker: Client, folder: Path) -> None:
    """A4.5."""
    (folder / "Dockerfile").write_text("FROM busybox\nCOPY nope /\n")
    done = build(docker, ".", cwd=folder)
    assert done.code == 1
    assert "COPY failed: file not found in build context or excluded by .dockerignore: stat nope" in done.err


def test_prune(docker: Client, folder: Path, engine: Engine) -> None:
    """A4.7: ``builder prune`` gives back what builds keep; dockerd's classic builder keeps nothing there."""
    (folder / "Dockerfile").write_text(
        "FROM busybox AS big\nRUN dd if=/dev/zero of=/f bs=1M count=3\n"
        "FROM busybox\nCOPY --from=big /etc/passwd /p\n"
    )
    assert build(docker, "-q", ".", cwd=folder).code == 0
    before = docker.ok("system", "df", "--format", "{{.Type}} {{.TotalCount}}")
    assert ("Build Cache 0" in before) == engine.is_dockerd
    result = docker("builder", "prune", "-af", env=CLASSIC)
    assert result.code == 0
    assert ("Total reclaimed space: 0B" in result.out) == engine.is_dockerd
