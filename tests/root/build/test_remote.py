"""URLs and repositories as sources, from servers on the loopback device that behave and that do not."""

import asyncio
import contextlib
import gzip
import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import threading

import pytest

from berth.base.errors import BerthError, Internal, InvalidArgument
from berth.build.context import ContextStore
from berth.build.git import GitOptions, parse_git
from berth.build.sources import Fetch, add_remote, is_remote, remote_context
from berth.registry.settings import RegistrySettings, Timeouts
from berth.registry.transport import Transport
from tests.support.waiting import wait_until
from tests.unit.build_files.trees import archive

pytestmark = pytest.mark.root
MODIFIED = "Sun, 09 Sep 2001 01:46:40 GMT"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        if path == "/loop":
            self._send(302, b"", Location="/loop")
        elif path == "/moved":
            self._send(302, b"", Location="/file.bin")
        elif path == "/to-file":
            self._send(302, b"", Location="file:///etc/passwd")
        elif path in self.server.files:
            data = self.server.files[path]
            etag = f'"{hashlib.sha256(data).hexdigest()}"'
            if self.headers["If-None-Match"] == etag:
                self._send(304, None, ETag=etag)
            else:
                self._send(200, data, ETag=etag, **{"Last-Modified": MODIFIED})
        elif path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"too little")
            self.close_connection = True
        else:
            self._send(404, b"not here")

    def _send(self, status: int, data: bytes | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if data is not None:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.seen, made.files = [], {"/file.bin": b"content", "/sub/%20odd%2Fname": b"odd"}
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def fetched(tmp_path):
    """Run one fetch in a store that stays for the test."""

    def fetch(function, url, **more):
        async def whole():
            store = await ContextStore.open(tmp_path / "contexts", "boot")
            timeouts = Timeouts(connect=5, head=5, idle=5)
            transport = Transport(RegistrySettings(certificates=(), timeouts=timeouts))
            try:
                return await function(store, url, Fetch(transport, **more))
            finally:
                transport.close()
                assert os.listdir(tmp_path / "contexts/ingest") == []

        return asyncio.run(whole())

    return fetch


def files(listing):
    return {e.path: listing.read(e.path, 1 << 20) for e in listing.entries if e.kind == "f"}


def test_a_url_becomes_a_file(server, fetched) -> None:
    listing = fetched(add_remote, f"{server.url}/file.bin?x=1#part").listing
    (entry,) = listing.entries
    assert (entry.path, entry.mode, entry.uid, entry.mtime_ns) == ("file.bin", 0o600, 0, 10**18)
    assert files(listing) == {"file.bin": b"content"}


def test_a_file_that_has_not_changed_is_not_sent_again(server, fetched) -> None:
    url = f"{server.url}/file.bin"
    first = fetched(add_remote, url).listing
    assert fetched(add_remote, url).listing.key == first.key
    assert "If-None-Match" not in server.seen[0][1]
    assert "If-None-Match" in server.seen[1][1]
    server.files["/file.bin"] = b"changed"
    assert files(fetched(add_remote, url).listing) == {"file.bin": b"changed"}


def test_a_known_checksum_needs_no_request(server, fetched) -> None:
    url, digest = f"{server.url}/file.bin", "sha256:" + hashlib.sha256(b"content").hexdigest()
    fetched(add_remote, url, checksum=digest)
    fetched(add_remote, url, checksum=digest)
    assert len(server.seen) == 1
    other = "sha256:" + hashlib.sha256(b"other").hexdigest()
    with pytest.raises(InvalidArgument, match=f"ADD failed: digest mismatch {digest}: {other}"):
        fetched(add_remote, url, checksum=other)
    for bad in ("sha256:12", "md5:" + "0" * 32, "sha512:" + "0" * 128):
        with pytest.raises(InvalidArgument, match=r"checksum|digest"):
            fetched(add_remote, url, checksum=bad)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nope", "failed to GET http://127.0.0.1:[0-9]+/nope with status 404 Not Found"),
        ("/loop", "stopped after 10 redirects"),
        ("/to-file", "redirected to an invalid URL"),
        ("/short", "unexpected EOF"),
    ],
)
def test_servers_that_do_not_deliver(server, fetched, path, message) -> None:
    with pytest.raises(Internal, match=f"^ADD failed: .*{message}"):
        fetched(add_remote, server.url + path)


def test_redirects_are_followed(server, fetched) -> None:
    listing = fetched(add_remote, f"{server.url}/moved").listing
    assert files(listing) == {"moved": b"content"}


def test_a_query_with_a_secret_is_not_told(server, fetched) -> None:
    with pytest.raises(BerthError) as caught:
        fetched(add_remote, f"{server.url}/nope?token=secret")
    assert "secret" not in str(caught.value)


def test_a_remote_context_is_an_archive_or_a_dockerfile(server, fetched) -> None:
    server.files["/ctx.tar.gz"] = gzip.compress(archive({"Dockerfile": "FROM scratch", "f": "f"}))
    server.files["/Dockerfile.web"] = b"FROM scratch\n"
    assert files(fetched(remote_context, f"{server.url}/ctx.tar.gz").listing) == {
        "Dockerfile": b"FROM scratch", "f": b"f",
    }  # fmt: skip
    found = fetched(remote_context, f"{server.url}/Dockerfile.web").listing
    assert files(found) == {"Dockerfile": b"FROM scratch\n"}
    with pytest.raises(Internal, match=r"error downloading remote context failed to GET .* 404 Not Found"):
        fetched(remote_context, f"{server.url}/nope")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ext::sh -c id", "/etc", "ftp://x/y", "-", ""])
def test_nothing_local_is_a_context(fetched, url) -> None:
    with pytest.raises(InvalidArgument, match="unsupported build context"):
        fetched(remote_context, url)


# -- git ---------------------------------------------------------------------------------------------------


def git(directory, *words, **environment):
    names = {
        f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    dates = {"GIT_AUTHOR_DATE": "2001-09-09T01:46:40Z", "GIT_COMMITTER_DATE": "2001-09-09T01:46:40Z"}
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = ["git", "-C", str(directory), "-c", "protocol.file.allow=always", *words]
    done = subprocess.run(
        command, env=own | names | dates | environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A repository with a branch, tags and a submodule, served by git's own daemon; (url, commits)."""
    if shutil.which("git") is None:
        pytest.skip("the program git is not installed")
    served = tmp_path / "served"
    work = served / "app.git"
    other = served / "lib.git"
    for directory in (work, other):
        directory.mkdir(parents=True)
        git(directory, "init", "-q", "-b", "main")
        git(directory, "config", "uploadpack.allowAnySHA1InWant", "true")
    (other / "lib.txt").write_text("lib")
    git(other, "add", ".")
    git(other, "commit", "-qm", "lib")
    (work / "Dockerfile").write_text("FROM scratch\n")
    (work / "sub").mkdir()
    (work / "sub/f").write_text("one")
    os.symlink("/etc/passwd", work / "sub/link")
    (work / "run").write_text("#!/bin/sh\n")
    (work / "run").chmod(0o755)
    git(work, "add", ".")
    git(work, "commit", "-qm", "one")
    first = git(work, "rev-parse", "HEAD")
    git(work, "tag", "-a", "-m", "v1", "v1")
    git(work, "checkout", "-qb", "dev/x")
    (work / "sub/f").write_text("two")
    git(work, "commit", "-qam", "two")
    second = git(work, "rev-parse", "HEAD")
    git(work, "checkout", "-q", "main")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = subprocess.Popen(
        ["git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}",
         f"--base-path={served}", str(served)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_COUNT": "1",
             "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"},
    )  # fmt: skip

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    wait_until(answers, "git daemon answers")
    yield f"git://127.0.0.1:{port}/app.git", first, second, work
    os.killpg(daemon.pid, 15)
    daemon.wait()


def test_a_repository_becomes_its_files(repository, fetched) -> None:
    url, first, _, _ = repository
    found = fetched(add_remote, url)
    assert found.commit == first
    entries = {e.path: e for e in found.listing.entries}
    assert sorted(entries) == ["Dockerfile", "run", "sub", "sub/f", "sub/link"]
    assert entries["run"].mode == 0o755
    assert entries["sub/link"].link == "/etc/passwd"
    assert {e.mtime_ns for e in entries.values()} == {10**18}
    assert files(found.listing)["sub/f"] == b"one"
    assert fetched(remote_context, url).listing.key == found.listing.key


@pytest.mark.parametrize("ref", ["dev/x", "refs/heads/dev/x", "SECOND", "SHORT"])
def test_a_branch_or_commit_is_found(repository, fetched, ref) -> None:
    url, _, second, _ = repository
    ref = ref.replace("SECOND", second).replace("SHORT", second[:10])
    found = fetched(add_remote, f"{url}#{ref}:sub")
    assert found.commit == second
    assert files(found.listing) == {"f": b"two"}
    assert fetched(add_remote, f"{url}?ref={ref}&subdir=sub").listing.key == found.listing.key


def test_a_tag_is_followed_to_its_commit(repository, fetched) -> None:
    url, first, second, _ = repository
    assert fetched(add_remote, f"{url}#v1").commit == first
    assert fetched(add_remote, f"{url}#v1", checksum=first[:12]).commit == first
    with pytest.raises(InvalidArgument, match=f"expected checksum to match {second}, got {first}"):
        fetched(add_remote, f"{url}#v1", checksum=second)


@pytest.mark.parametrize(
    ("fragment", "message"),
    [("nope", "does not contain ref nope"), (":nope", "subdir 'nope' is not a directory"),
     (":sub/link", "is not a directory"), ("a..b", "invalid git reference"),
     ("--upload-pack=x", "invalid git"),
     (":../x", "invalid subdirectory")],
)  # fmt: skip
def test_what_a_repository_does_not_have(repository, fetched, fragment, message) -> None:
    with pytest.raises(BerthError, match=message):
        fetched(add_remote, f"{repository[0]}#{fragment}")


def test_the_git_directory_is_kept_on_demand_without_a_trace_of_the_fetch(repository, fetched) -> None:
    url = repository[0]
    kept = fetched(add_remote, url, git=GitOptions(keep_git_dir=True)).listing
    assert {".git/HEAD", ".git/config", "Dockerfile"} <= set(files(kept))
    assert url.encode() in files(kept)[".git/config"]
    assert ".git/FETCH_HEAD" not in files(kept)
    assert ".git" not in {e.path for e in fetched(add_remote, f"{url}?keep-git-dir=0").listing.entries}


def test_submodules_come_along_unless_they_lead_to_local_files(repository, fetched) -> None:
    url, _, _, work = repository
    git(work, "submodule", "--quiet", "add", url.replace("app.git", "lib.git"), "lib")
    git(work, "commit", "-qm", "with a submodule")
    assert files(fetched(add_remote, url).listing)["lib/lib.txt"] == b"lib"
    assert "lib/lib.txt" not in files(fetched(add_remote, f"{url}?submodules=0").listing)
    for evil in (str(work.parent / "lib.git"), f"file://{work.parent}/lib.git", "ext::sh -c touch% /tmp/x"):
        git(work, "config", "-f", ".gitmodules", "submodule.lib.url", evil)
        git(work, "commit", "-qam", evil)
        with pytest.raises(Internal, match="not allowed"):
            fetched(add_remote, url)


def test_hooks_and_filters_of_a_repository_do_not_run(repository, fetched, tmp_path) -> None:
    url, _, _, work = repository
    mark = tmp_path / "ran"
    (work / ".gitattributes").write_text("* filter=evil\n")
    (work / ".gitconfig").write_text(f'[filter "evil"]\n\tsmudge = touch {mark}\n')
    (work / "hooks").mkdir()
    (work / "hooks/post-checkout").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (work / "hooks/post-checkout").chmod(0o755)
    git(work, "add", ".")
    git(work, "commit", "-qm", "evil")
    assert "hooks/post-checkout" in files(fetched(add_remote, url).listing)
    assert not mark.exists()


def test_nobody_who_listens_is_an_error_that_names_no_password(fetched) -> None:
    with pytest.raises(Internal) as caught:
        fetched(add_remote, "http://me:hunter2@127.0.0.1:1/x.git")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


def test_a_password_is_sent_and_told_nobody(server, fetched) -> None:
    with pytest.raises(Internal) as caught:
        fetched(add_remote, server.url.replace("//", "//me:hunter2@") + "/x.git")
    assert "hunter2" not in str(caught.value)
    sent = [headers.get("Authorization") for _, headers in server.seen]
    assert sent == ["Basic bWU6aHVudGVyMg=="] * len(sent)
    assert sent


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://h/x.git", "https://h/x.git"),
        ("https://u:p@h:8443/x.git", "https://h:8443/x.git"),
        ("git@github.com:a/b.git", "ssh://git@github.com/a/b.git"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("github.com/a/b", "https://github.com/a/b.git"),
        ("https://h/x.tar.gz", None),
        ("https://h/x.git/file", None),
        ("file:///x.git", None),
        ("ext::sh.git", None),
        ("/x.git", None),
        ("x.git", None),
    ],
)
def test_what_is_a_repository(text, url) -> None:
    found = parse_git(text)
    assert (found.url if found else None) == url


def test_what_add_takes_from_elsewhere() -> None:
    remote = ["http://h/x", "HTTPS://h/x", "git://h/x", "git@h:x", "ssh://h/x"]
    assert [s for s in [*remote, "a", "github.com/a/b", "/x.git", "file:///x"] if is_remote(s)] == remote
