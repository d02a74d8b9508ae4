"""What a build fetches: ADD of URLs and repositories, and contexts that are not sent (A5 ADD, D1, D6)."""

import functools
import hashlib
import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.build.conftest import Maker
from tests.support.building import context
from tests.support.engines import Engine

Look = Callable[[str, str], str]
CONTENT = b"from afar\n"
FROM = "FROM busybox\n"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """Where a directory of files is served in the engine's own network."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "file.txt").write_bytes(CONTENT)
    (folder / "Dockerfile").write_text(FROM + "RUN echo alone >/a\n")
    (folder / "context.tar").write_bytes(context(FROM + "COPY f /x\n", {"f": "F"}))
    handler = functools.partial(_Quiet, directory=str(folder))
    server = engine.on_its_host(lambda: http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def repository(site: str, tmp_path: Path) -> str:
    """A git repository on that site, with a branch that has the context in a directory."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    work, bare = tmp_path / "work", tmp_path / "site/project.git"
    (work / "sub").mkdir(parents=True)
    (work / "top").write_text("TOP")
    (work / "sub/Dockerfile").write_text(FROM + "COPY f /x\n")
    (work / "sub/f").write_text("G")

    def git(*words: str) -> None:
        settings = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=master")
        subprocess.run(["git", *settings, *words], cwd=work, check=True, capture_output=True)

    git("init")
    git("checkout", "-b", "side")
    git("add", ".")
    git("commit", "-m", "one")
    git("clone", "--bare", str(work), str(bare))
    subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
    return f"{site}/project.git"


def test_url(make: Maker, look: Look, site: str) -> None:
    """A5 ADD: a URL is fetched, named by its path, readable by its owner alone, and not unpacked."""
    done = make(FROM + f"ADD {site}/file.txt /d/\nADD {site}/context.tar /t\n")
    assert look(done.image, "cat /d/file.txt; stat -c '%a %u:%g' /d/file.txt; test -f /t && echo whole") == (
        "from afar\n600 0:0\nwhole"
    )


def test_url_that_is_not_there(make: Maker, site: str) -> None:
    """A5 ADD."""
    error = make(FROM + f"ADD {site}/nothing /x\n").error
    assert error.startswith("ADD failed: ")
    assert "404" in error


def test_checksum(beyond: None, make: Maker, look: Look, site: str) -> None:
    """D1 ADD --checksum: what was fetched is what was meant, or nothing is built."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    done = make(FROM + f"ADD --checksum=sha256:{digest} {site}/file.txt /x\n")
    assert look(done.image, "cat /x") == "from afar"
    assert "digest mismatch" in make(FROM + f"ADD --checksum=sha256:{'0' * 64} {site}/file.txt /x\n").error


def test_unpacked(beyond: None, make: Maker, look: Look, site: str) -> None:
    """D1 ADD --unpack: the archive behind a URL."""
    assert look(make(FROM + f"ADD --unpack=true {site}/context.tar /d/\n").image, "cat /d/f") == "F"


@pytest.mark.parametrize(
    ("line", "script", "expected"),
    [
        ("ADD {url}#side /d", "ls -A /d; cat /d/top", "sub\ntop\nTOP"),
        ("ADD {url}#side:sub /d", "cat /d/f", "G"),
        ("ADD --keep-git-dir=true {url}#side /d", "ls -A /d", ".git\nsub\ntop"),
    ],
)
def test_repository(
    beyond: None, make: Maker, look: Look, repository: str, line: str, script: str, expected: str
) -> None:
    """D1 ADD of a git repository."""
    done = make(FROM + line.format(url=repository) + "\n")
    assert look(done.image, script) == expected


def test_context_of_a_repository(make: Maker, look: Look, repository: str) -> None:
    """D6: ``URL#branch:directory``."""
    assert look(make(None, body=b"", remote=f"{repository}#side:sub").image, "cat /x") == "G"


@pytest.mark.parametrize(
    ("path", "script", "expected"), [("Dockerfile", "cat /a", "alone"), ("context.tar", "cat /x", "F")]
)
def test_context_of_a_url(make: Maker, look: Look, site: str, path: str, script: str, expected: str) -> None:
    """D6: a Dockerfile or an archive."""
    assert look(make(None, body=b"", remote=f"{site}/{path}").image, script) == expected
