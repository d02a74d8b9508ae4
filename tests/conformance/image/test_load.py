"""docker load (A7 load)."""

import shutil
import subprocess
import tarfile

import pytest

from tests.support.archive import Entry, ImageArchive, directory, pack
from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.http import Api
from tests.support.images import busybox, busybox_layer


def image(name: str, text: str = "loaded"):
    return busybox(f"{name}:1", extra=[Entry("said", text.encode())])


def runs(docker: Client, name: str) -> bool:
    return docker.ok("run", "--rm", f"{name}:1", "cat", "/said") == "loaded"


def test_docker_layout(docker: Client, name: str, tmp_path) -> None:
    """A7 load: -i and standard input print the name."""
    (tmp_path / "image.tar").write_bytes(image(name).docker())
    assert docker("load", "-i", str(tmp_path / "image.tar")) == (0, f"Loaded image: {name}:1\n", "")
    assert docker("load", stdin=image(name).docker()).out == f"Loaded image: {name}:1\n"
    assert runs(docker, name)


@pytest.mark.parametrize("compress", [True, False])
def test_oci_layout(docker: Client, engine: Engine, name: str, compress: bool) -> None:
    """A7 load: an OCI layout with compressed and plain layers; 20.10 does not know it."""
    result = docker("load", stdin=image(name).oci(compress=compress))
    if engine.is_dockerd:
        assert result.code == 1
        return
    assert result.code == 0
    assert f"{name}:1" in result.out
    assert runs(docker, name)
    assert docker.ok("inspect", "-f", "{{.Id}}", f"{name}:1") == image(name).id


@pytest.mark.parametrize("program", ["gzip", "xz", "bzip2", "zstd"])
def test_compressed(docker: Client, engine: Engine, name: str, program: str) -> None:
    """A7 load: compressed archives are recognised by content; zstd since 23."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    packed = subprocess.run(
        [program, "-c", "-1"], input=image(name).docker(), capture_output=True, check=True
    ).stdout
    result = docker("load", stdin=packed)
    if program == "zstd" and engine.is_dockerd:
        assert result.code in (0, 1)
        return
    assert result.out == f"Loaded image: {name}:1\n"


def test_without_a_name(docker: Client, name: str) -> None:
    """A7 load: "Loaded image ID"."""
    nameless = busybox(extra=[Entry("own", name.encode())])
    assert docker("load", stdin=nameless.docker()).out == f"Loaded image ID: {nameless.id}\n"


def test_several_names(docker: Client, name: str) -> None:
    """A7 load: a line per name."""
    both = busybox(f"{name}:1", f"{name}:2")
    assert set(docker("load", stdin=both.docker()).lines) == {f"Loaded image: {name}:{n}" for n in (1, 2)}


def test_taken_name_moves(docker: Client, engine: Engine, name: str) -> None:
    """A7 load: the name goes to the new image and the client says so."""
    engine.load(image(name, "old"))
    result = docker("load", stdin=image(name).docker())
    assert (
        f"The image {name}:1 already exists, renaming the old one with "
        f"ID {image(name, 'old').id} to empty string" in result.out
    )
    assert runs(docker, name)


def test_quiet(docker: Client, name: str) -> None:
    """A7 load: -q."""
    assert docker("load", "-q", stdin=image(name).docker()).out == f"Loaded image: {name}:1\n"


def test_progress_of_the_api(api: Api, name: str) -> None:
    """C2: a stream of JSON messages, the last of which names the image."""
    reply = api.request("POST", "/images/load", body=image(name).docker())
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.lines()[-1] == {"stream": f"Loaded image: {name}:1\n"}


def test_whiteouts(docker: Client, engine: Engine, name: str) -> None:
    """Layers: a whiteout removes, an opaque directory hides what was below."""
    below = pack(
        [directory("d"), Entry("d/old", b"o"), Entry("gone", b"g"), directory("e"), Entry("e/kept", b"k")]
    )
    above = pack([Entry(".wh.gone"), directory("d"), Entry("d/.wh..wh..opq"), Entry("d/new", b"n")])
    engine.load(ImageArchive((f"{name}:1",), (busybox_layer(), below, above), {"Cmd": ["sh"]}))
    assert docker.ok(
        "run", "--rm", f"{name}:1", "/bin/sh", "-c", "ls /d /e; test -e /gone || echo no"
    ).split() == [
        "/d:",
        "new",
        "/e:",
        "kept",
        "no",
    ]


def test_owners_modes_links_and_devices(docker: Client, engine: Engine, name: str) -> None:
    """Layers: everything that a tar can say is there again."""
    extra = [
        Entry("setuid", b"", mode=0o4711, uid=1000, gid=44),
        Entry("null", kind=tarfile.CHRTYPE, mode=0o666, device=(1, 3)),
        Entry("pipe", kind=tarfile.FIFOTYPE, mode=0o600),
        Entry("hard", "setuid", kind=tarfile.LNKTYPE, mode=0o4711, uid=1000, gid=44),
        Entry("grün ☃", b"", mode=0o600),
        Entry("n" * 200, b""),
    ]
    engine.load(busybox(f"{name}:1", extra=extra))
    look = (
        "stat -c '%n %a %u %g %h %F' /setuid /null /pipe; ls / | grep "
        "-c nnnnn; test -e '/grün ☃' && echo there"
    )
    assert docker.ok("run", "--rm", f"{name}:1", "sh", "-c", look).splitlines() == [
        "/setuid 4711 1000 44 2 regular empty file",
        "/null 666 0 0 1 character special file",
        "/pipe 600 0 0 1 fifo",
        "1",
        "there",
    ]


def test_junk_and_nothing(docker: Client) -> None:
    """Bad input: exit 1; 20.10 names a file of its own, so only the code is compared."""
    assert docker("load", stdin=b"this is no tar").code == 1
    assert docker("load", stdin=b"").code == 1
    assert docker("load", "-i", "/no/such").err == "open /no/such: no such file or directory\n"


def test_terminal_as_input(docker: Client) -> None:
    """Bad input: the client will not read an archive from the keyboard."""
    with docker.terminal("load") as session:
        assert b"requested load from stdin, but stdin is empty" in session.rest()
        assert session.wait() == 1
