"""docker export (A7 export)."""

import io
import tarfile

from tests.support.cli import Client


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name.removeprefix("./").rstrip("/"): member for member in tar}


def test_root_file_system(docker: Client, name: str) -> None:
    """A7 export: the whole tree with owners and modes, changes included."""
    script = (
        "echo new > /new; chown 1000:1000 /new; chmod 4755 /new; ln -s new /link; rm /etc/group; mkfifo /pipe"
    )
    docker.ok("run", "--name", name, "busybox", "sh", "-c", script)
    found = members(docker.binary("export", name).stdout)
    assert (found["new"].uid, found["new"].gid, found["new"].mode & 0o7777) == (1000, 1000, 0o4755)
    assert found["link"].issym()
    assert found["link"].linkname == "new"
    assert found["pipe"].isfifo()
    assert "bin/busybox" in found
    assert "etc/group" not in found
    assert found["tmp"].mode & 0o7777 == 0o1777


def test_no_volumes(docker: Client, name: str) -> None:
    """A7 export: contents of volumes are not in it, their mount points are."""
    docker.ok("run", "--name", name, "-v", "/volume", "busybox", "touch", "/volume/inside")
    found = members(docker.binary("export", name).stdout)
    assert "volume" in found
    assert "volume/inside" not in found


def test_output_flag(docker: Client, name: str, tmp_path) -> None:
    """A7 export: -o."""
    docker.ok("create", "--name", name, "busybox")
    assert docker("export", "-o", str(tmp_path / "root.tar"), name) == (0, "", "")
    assert "bin/busybox" in members((tmp_path / "root.tar").read_bytes())


def test_refused_on_a_terminal(docker: Client, name: str) -> None:
    """A7 export: a terminal gets no tar."""
    docker.ok("create", "--name", name, "busybox")
    with docker.terminal("export", name) as session:
        assert b"refuse" in session.rest().lower() or b"cowardly" in session.seen.lower()
        assert session.wait() == 1


def test_of_a_running_one(docker: Client, name: str) -> None:
    """A7 export: what runs is exported as it is."""
    docker.ok("run", "-d", "--name", name, "busybox", "sh", "-c", "echo x > /made; sleep 300")
    docker.ok("exec", name, "sh", "-c", "until [ -s /made ]; do usleep 10000; done")
    assert "made" in members(docker.binary("export", name).stdout)


def test_import_gives_the_same_tree(docker: Client, name: str) -> None:
    """A7 export, import: there and back."""
    docker.ok("run", "--name", name, "busybox", "sh", "-c", "echo kept > /kept; ln /kept /hard")
    data = docker.binary("export", name).stdout
    done = docker.binary("import", "-", f"{name}:1", stdin=data)
    assert done.returncode == 0
    assert docker.ok("run", "--rm", f"{name}:1", "sh", "-c", "cat /kept; stat -c %h /hard") == "kept\n2"


def test_unknown(docker: Client) -> None:
    """A7 export."""
    result = docker("export", "no-such")
    assert result.code == 1
    assert "No such container: no-such" in result.err
