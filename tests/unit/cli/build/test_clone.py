"""Git repositories as contexts."""

import shutil
import subprocess
from pathlib import Path

import pytest

from berth.base.errors import BerthError
from berth.cli.build.clone import clone

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="the program git is missing")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"

    def git(*words: str) -> None:
        own = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *own, *words], cwd=root, check=True, capture_output=True)

    (root / "sub").mkdir(parents=True)
    git("init", "-q")
    (root / "Dockerfile").write_text("FROM one\n")
    (root / "sub" / "Dockerfile").write_text("FROM sub\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    (root / "Dockerfile").write_text("FROM two\n")
    git("commit", "-q", "-a", "-m", "two")
    return root


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", "FROM two\n"), ("#v1", "FROM one\n"), ("#main", "FROM two\n"), ("#v1:sub", "FROM sub\n"),
        ("#:sub", "FROM sub\n"),
    ],
)  # fmt: skip
def test_refs_and_directories(repository: Path, fragment: str, expected: str) -> None:
    path, temporary = clone(f"file://{repository}{fragment}")
    try:
        assert Path(path, "Dockerfile").read_text() == expected
    finally:
        shutil.rmtree(temporary)


def test_a_commit_by_its_id(repository: Path) -> None:
    done = subprocess.run(
        ["git", "rev-parse", "v1"], cwd=repository, check=True, capture_output=True, text=True
    )
    path, temporary = clone(f"file://{repository}#{done.stdout.strip()}")
    assert Path(path, "Dockerfile").read_text() == "FROM one\n"
    shutil.rmtree(temporary)


@pytest.mark.parametrize(
    ("fragment", "problem"),
    [
        ("#nope", "error fetching"), ("#:nope", "not a directory"), ("#:..", "outside of the repository"),
        ("#--upload-pack=x", "invalid refspec"),
    ],
)  # fmt: skip
def test_failures_leave_nothing(repository: Path, tmp_path: Path, fragment: str, problem: str) -> None:
    (tmp_path / "temporary").mkdir()
    with pytest.raises(BerthError, match=problem) as caught:
        clone(f"file://{repository}{fragment}", str(tmp_path / "temporary"))
    assert str(caught.value).startswith(
        "unable to prepare context: unable to 'git clone' to temporary context"
    )
    assert list((tmp_path / "temporary").iterdir()) == []
