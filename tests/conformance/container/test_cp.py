"""docker cp (A7 cp) and the archive endpoints."""

import base64
import gzip
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.cli import Client
from tests.support.events import actions
from tests.support.http import Api

SETUP = (
    "mkdir -p /d/e; echo 1 > /d/e/f; echo hi > /root.txt; ln -s /root.txt /lnk; ln -s nowhere /dangling; "
    "ln -s d /dl; ln -s /d/e/f /d/abs; ln /d/e/f /d/hard; chown 7:8 /root.txt; chmod 4751 /root.txt; "
    "if test -d /volume; then echo v > /volume/v; fi"
)
SLEEP = f"{SETUP}; touch /ready; exec sleep 300"


def start(docker: Client, name: str, *flags: str, image: str = "busybox") -> None:
    """A running container with the files of ``SETUP``."""
    docker.ok("run", "-d", "--name", name, *flags, image, "sh", "-c", SLEEP)
    docker.ok("exec", name, "sh", "-c", "until test -e /ready; do usleep 10000; done")


def archive(container: str, path: str, **query: str) -> str:
    """The endpoint for one path."""
    return f"/containers/{container}/archive?{urlencode({'path': path, **query})}"


def stat(api: Api, name: str, path: str) -> dict[str, Any] | int:
    reply = api.request("HEAD", archive(name, path))
    if reply.status != 200:
        return reply.status
    found: dict[str, Any] = json.loads(base64.b64decode(reply.headers["x-docker-container-path-stat"]))
    return found


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return sorted(member.name for member in tar)


def tar_of(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


STATS = {
    "/root.txt": ("root.txt", "", 1 << 23 | 0o751),
    "root.txt": ("root.txt", "", 1 << 23 | 0o751),
    "/lnk": ("lnk", "/root.txt", 1 << 27 | 0o777),
    "/dangling": ("dangling", "/nowhere", 1 << 27 | 0o777),
    "/d": ("d", "", 1 << 31 | 0o755),
    "/d/": ("d", "", 1 << 31 | 0o755),
    "/d/.": (".", "", 1 << 31 | 0o755),
    "/dl": ("dl", "/d", 1 << 27 | 0o777),
    "/dl/": ("dl", "", 1 << 31 | 0o755),
    "/dl/e/../e": ("e", "", 1 << 31 | 0o755),
    "../../d": ("d", "", 1 << 31 | 0o755),
    "/": ("/", "", 1 << 31 | 0o755),
    ".": (".", "", 1 << 31 | 0o755),
    "/tmp": ("tmp", "", 1 << 31 | 1 << 20 | 0o777),
}


@pytest.mark.parametrize("running", [True, False])
def test_stat(docker: Client, api: Api, name: str, running: bool) -> None:
    """API: HEAD describes a path; the last link is not followed unless something stands behind it."""
    start(docker, name)
    if not running:
        docker.ok("kill", name)
    for path, (shown, link, mode) in STATS.items():
        found = stat(api, name, path)
        assert isinstance(found, dict), (path, found)
        assert (found["name"], found["linkTarget"], found["mode"]) == (shown, link, mode), path
        assert found["mtime"].endswith("Z")
    assert stat(api, name, "/root.txt") == {**stat(api, name, "/root.txt"), "size": 3}  # type: ignore[dict-item]
    assert stat(api, name, "/nope") == 404
    assert stat(api, "no-such", "/") == 404
    assert stat(api, name, "") == 400
    assert stat(api, name, "/root.txt/x") in (400, 404, 500)


def test_get_names(docker: Client, api: Api, name: str) -> None:
    """API: names in the archive begin with the last part of the path."""
    start(docker, name)
    expected = {
        "/d": ["d", "d/abs", "d/e", "d/e/f", "d/hard"],
        "/d/": ["d", "d/abs", "d/e", "d/e/f", "d/hard"],
        "/d/.": [".", "./abs", "./e", "./e/f", "./hard"],
        "/dl": ["dl"],
        "/dl/e": ["e", "e/f"],
        "/root.txt": ["root.txt"],
    }
    for path, wanted in expected.items():
        reply = api.get(archive(name, path))
        assert reply.status == 200
        assert reply.headers["content-type"] == "application/x-tar"
        assert "x-docker-container-path-stat" in reply.headers
        assert names(reply.body) == wanted, path
    assert actions(api, name).count("archive-path") == len(expected)


def test_get_failures(docker: Client, api: Api, name: str) -> None:
    """API."""
    docker.ok("create", "--name", name, "busybox")
    reply = api.get(archive(name, "/nope"))
    assert (reply.status, reply.message) == (404, f"Could not find the file /nope in container {name}")
    assert api.get(f"/containers/{name}/archive").status == 400
    assert api.get(archive("no-such", "/")).status == 404


def test_put(docker: Client, api: Api, name: str) -> None:
    """API: a tar, compressed or not, into a directory that exists."""
    start(docker, name, "-v", "/volume")
    assert api.request("PUT", archive(name, "/dl"), body=tar_of(a="1", b="2")).status == 200
    assert docker.ok("exec", name, "cat", "/d/a", "/d/b") == "12"
    assert api.request("PUT", archive(name, "/volume"), body=tar_of(a="3")).status == 200
    assert docker.ok("exec", name, "cat", "/volume/a") == "3"
    assert api.request("PUT", archive(name, "/d/e/"), body=gzip.compress(tar_of(a="4"))).status == 200
    assert docker.ok("exec", name, "cat", "/d/e/a") == "4"
    assert actions(api, name).count("extract-to-dir") == 3


def test_put_failures(docker: Client, api: Api, name: str, tmp_path: Path) -> None:
    """API: Docker's words."""
    start(docker, name, "-v", f"{tmp_path}:/bind:ro")

    def put(body: bytes, target: str, **query: str) -> tuple[int, str]:
        reply = api.request("PUT", archive(name, target, **query), body=body)
        return reply.status, reply.message

    assert put(tar_of(a="1"), "/nope") == (404, f"Could not find the file /nope in container {name}")
    assert put(tar_of(a="1"), "/root.txt")[1] == "extraction point is not a directory"
    status, message = put(tar_of(a="1"), "/bind")
    assert status in (403, 500)
    assert message == "mounted volume is marked read-only"
    assert "outside of" in put(tar_of(**{"../../../evil": "1"}), "/d/e")[1]
    message = put(tar_of(e="1"), "/d", noOverwriteDirNonDir="1")[1]
    assert 'cannot overwrite directory "/d/e" with non-directory "/d"' in message
    assert "EOF" in put(b"garbage", "/d")[1]
    assert not (tmp_path / "a").exists()
    assert "evil" not in docker.ok("exec", name, "ls", "/")


def test_read_only_root(docker: Client, api: Api, name: str) -> None:
    """API: --read-only keeps cp out too; volumes stay writable."""
    docker.ok("run", "-d", "--name", name, "--read-only", "-v", "/volume", "busybox", "sleep", "300")
    reply = api.request("PUT", archive(name, "/tmp"), body=tar_of(a="1"))
    assert reply.status in (403, 500)
    assert reply.message == "container rootfs is marked read-only"
    assert api.request("PUT", archive(name, "/volume"), body=tar_of(a="1")).status == 200
    assert docker.ok("exec", name, "cat", "/volume/a") == "1"


def test_links_of_the_container_lead_nowhere_else(
    docker: Client, api: Api, name: str, tmp_path: Path
) -> None:
    """API: a link in the archive or in the tree is resolved inside the container."""
    start(docker, name)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        tar.addfile(link)
        info = tarfile.TarInfo("out/file")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    api.request("PUT", archive(name, "/d"), body=buffer.getvalue())
    assert not list(tmp_path.iterdir())
    docker.ok("exec", name, "ln", "-s", "/proc/1/root", "/magic")
    (tmp_path / "secret").write_text("s")
    assert stat(api, name, f"/magic{tmp_path}/secret") != 200


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """src/{a,sub/b,link}"""
    source = tmp_path / "src"
    (source / "sub").mkdir(parents=True)
    (source / "a").write_text("A\n")
    (source / "a").chmod(0o640)
    os.chown(source / "a", 1234, 5678)
    (source / "sub/b").write_text("B\n")
    (source / "link").symlink_to("a")
    return tmp_path


@pytest.mark.parametrize("running", [True, False])
def test_into_a_container(docker: Client, name: str, tree: Path, running: bool) -> None:
    """A7 cp: where a file or directory ends up, as cp -a does it; silent without a terminal."""
    start(docker, name)
    if not running:
        docker.ok("kill", name)
    for source, target in (
        ("src/a", "/f1"), ("src/a", "/d"), ("src/a", "/d/f2"), ("src/a", "/d/e/"), ("src/a", "/lnk"),
        ("src", "/new"), ("src", "/d"), ("src/.", "/d/e"), ("src/.", "/fresh"), ("src/", "/dl/"),
        ("src/link", "/copied-link"),
    ):  # fmt: skip
        assert docker("cp", source, f"{name}:{target}", cwd=tree) == (0, "", ""), (source, target)
    if not running:
        docker.ok("commit", name, f"{name}:1")
    script = (
        "cat /f1 /d/a /d/f2 /d/e/a /root.txt; find /new /d/src /fresh | sort; ls /d/e; "
        "stat -c '%u %g %a' /f1; readlink /copied-link"
    )
    words = ("exec", name) if running else ("run", "--rm", f"{name}:1")
    output = docker.ok(*words, "sh", "-c", script).splitlines()
    assert output == [
        "A", "A", "A", "A", "A",
        "/d/src", "/d/src/a", "/d/src/link", "/d/src/sub", "/d/src/sub/b",
        "/fresh", "/fresh/a", "/fresh/link", "/fresh/sub", "/fresh/sub/b",
        "/new", "/new/a", "/new/link", "/new/sub", "/new/sub/b",
        "a", "f", "link", "sub",
        "1234 5678 640",
        "a",
    ]  # fmt: skip


def test_follow_link_into_a_container(docker: Client, name: str, tree: Path) -> None:
    """A7 cp: -L copies what the link means, under the link's name."""
    start(docker, name)
    docker.ok("cp", "-L", "src/link", f"{name}:/d/", cwd=tree)
    assert docker.ok("exec", name, "sh", "-c", "cat /d/link; test -L /d/link || echo plain") == "A\nplain"


@pytest.mark.parametrize("running", [True, False])
def test_out_of_a_container(docker: Client, name: str, tmp_path: Path, running: bool) -> None:
    """A7 cp."""
    start(docker, name, "-v", "/volume")
    if not running:
        docker.ok("kill", name)
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("old")
    for source, target in (
        ("/root.txt", "x"), ("/root.txt", "there"), ("/root.txt", "there/y"), ("/root.txt", "file"),
        ("/d", "new"), ("/d", "there"), ("/d/.", "content"), ("/d/e/.", "there"), ("/lnk", "l"),
        ("/volume", "volume"), ("/volume/v", "v"),
    ):  # fmt: skip
        assert docker("cp", f"{name}:{source}", target, cwd=tmp_path) == (0, "", ""), (source, target)
    for path in ("x", "there/root.txt", "there/y", "file"):
        assert (tmp_path / path).read_text() == "hi\n", path
    for path in ("new/e/f", "there/d/e/f", "content/e/f", "there/f", "new/hard"):
        assert (tmp_path / path).read_text() == "1\n", path
    assert os.readlink(tmp_path / "l") == "/root.txt"
    assert os.readlink(tmp_path / "new/abs") == "/d/e/f"
    assert (tmp_path / "new/hard").stat().st_ino == (tmp_path / "new/e/f").stat().st_ino
    assert (tmp_path / "volume/v").read_text() == (tmp_path / "v").read_text() == "v\n"
    assert ((tmp_path / "x").stat().st_uid, (tmp_path / "x").stat().st_mode & 0o7777) == (os.getuid(), 0o4751)


def test_follow_link_out_of_a_container(docker: Client, name: str, tmp_path: Path) -> None:
    """A7 cp: -L."""
    start(docker, name)
    docker.ok("cp", "-L", f"{name}:/lnk", "x", cwd=tmp_path)
    docker.ok("cp", "-L", f"{name}:/dl", ".", cwd=tmp_path)
    assert (tmp_path / "x").read_text() == "hi\n"
    assert (tmp_path / "dl/e/f").read_text() == "1\n"


def test_tar_on_standard_input_and_output(docker: Client, name: str) -> None:
    """A7 cp."""
    start(docker, name)
    done = docker.binary("cp", f"{name}:/d/e", "-")
    assert names(done.stdout) == ["e", "e/f"]
    assert docker("cp", "-", f"{name}:/tmp", stdin=done.stdout) == (0, "", "")
    assert docker.ok("exec", name, "cat", "/tmp/e/f") == "1"


def test_volume_of_a_container_that_never_ran(docker: Client, name: str, tmp_path: Path) -> None:
    """A7 cp: what is copied to a volume's place goes into the volume."""
    (tmp_path / "x").write_text("kept")
    docker.ok("create", "--name", name, "-v", f"{name}:/volume", "busybox")
    docker.ok("cp", "x", f"{name}:/volume/", cwd=tmp_path)
    assert docker.ok("run", "--rm", "-v", f"{name}:/v", "busybox", "cat", "/v/x") == "kept"


def test_archive_mode_gives_files_to_the_user(docker: Client, name: str, tree: Path) -> None:
    """A7 cp: -a with a user in the container; without one owners stay as they are."""
    start(docker, name)
    docker.ok("cp", "-a", "src/a", f"{name}:/kept", cwd=tree)
    assert docker.ok("exec", name, "stat", "-c", "%u %g", "/kept") == "1234 5678"


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("C:/a", "C:/b", "copying between containers is not supported"),
        ("a", "b", "must specify at least one container source"),
        ("C:/nope", "x", "Error response from daemon: Could not find the file /nope in container C"),
        ("no-such:/x", "x", "Error response from daemon: No such container: no-such"),
        ("src/a", "no-such:/x", "Error response from daemon: No such container: no-such"),
        ("src/nope", "C:/x", "lstat T/src/nope: no such file or directory"),
        ("-", "C:/root.txt", 'destination "C:/root.txt" must be a directory'),
        ("src", "C:/root.txt", "cannot copy directory"),
        ("src/a", "C:/nodir/", "no such directory"),
        ("src/a", "C:/no/x", "Error response from daemon: Could not find the file /no in container C"),
        ("C:/root.txt", "nodir/", "no such directory"),
        ("C:/root.txt", "no/x", 'invalid output path: directory "T/no" does not exist'),
        ("C:/d", "src/a", "cannot copy directory"),
        ("", "C:/x", "source can not be empty"),
        ("C:/d", "", "destination can not be empty"),
    ],
)
def test_failures(docker: Client, name: str, tree: Path, source: str, target: str, text: str) -> None:
    """A7 cp: Docker's words, exit 1."""
    start(docker, name)

    def real(word: str) -> str:
        return name + word[1:] if word.startswith("C:") else word

    expected = text.replace("container C", f"container {name}").replace('"C:', f'"{name}:')
    code, output, error = docker("cp", real(source), real(target), cwd=tree)
    assert (code, output) == (1, "")
    # Docker's client also logs that it could not go on packing.
    assert error.splitlines()[-1] == expected.replace("T/", f"{tree}/")


def test_mount_points_and_name_files(docker: Client, name: str, tmp_path: Path) -> None:
    """A7 cp: the files that name hosts are seen as the container sees them."""
    start(docker, name, "--hostname", "ship")
    docker.ok("cp", f"{name}:/etc/hostname", "h", cwd=tmp_path)
    assert (tmp_path / "h").read_text() == "ship\n"
