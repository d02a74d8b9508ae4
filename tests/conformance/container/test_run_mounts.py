"""docker run: binds, volumes, tmpfs, shared memory (A1.13, A1.15, A1.16, B4)."""

from pathlib import Path

import pytest

from tests.support.cli import Client
from tests.support.engines import Engine
from tests.support.expect import expect
from tests.support.waiting import wait_until


def test_bind(docker: Client, tmp_path: Path) -> None:
    """A1.15: both sides see the files; root inside is uid 0 outside; a trailing slash is fine."""
    (tmp_path / "in").write_text("from outside\n")
    out = docker.ok(
        "run",
        "--rm",
        "-v",
        f"{tmp_path}/:/demo/",
        "busybox",
        "sh",
        "-c",
        "cat /demo/in; echo made > /demo/out",
    )
    assert out == "from outside"
    assert (tmp_path / "out").read_text() == "made\n"
    assert (tmp_path / "out").stat().st_uid == 0


def test_several_binds(docker: Client, tmp_path: Path) -> None:
    """A1.15: repeated -v."""
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "f").write_text(f"{number}\n")
    words = ("-v", f"{tmp_path}/1:/a", "-v", f"{tmp_path}/2:/a/b")
    assert docker.ok("run", "--rm", *words, "busybox", "cat", "/a/f", "/a/b/f") == "1\n2"


def test_missing_host_directory_is_made(docker: Client, tmp_path: Path) -> None:
    """A1.15: owned by root, 0755."""
    docker.ok("run", "--rm", "-v", f"{tmp_path}/not/there:/x", "busybox", "true")
    status = (tmp_path / "not/there").stat()
    assert (status.st_uid, status.st_mode & 0o7777) == (0, 0o755)


def test_relative_path_made_absolute_by_the_client(docker: Client, tmp_path: Path) -> None:
    """A1.15: ``./rel``."""
    docker.ok("run", "--rm", "-v", "./rel:/x", "busybox", "touch", "/x/made", cwd=tmp_path)
    assert (tmp_path / "rel/made").exists()


def test_relative_path_without_a_dot(docker: Client) -> None:
    """A1.15: taken for a volume's name; the error names the allowed characters and advises an absolute
    path."""
    result = docker("run", "--rm", "-v", "rel/dir:/x", "busybox", "true")
    assert result.code == 125
    assert (
        'create rel/dir: "rel/dir" includes invalid characters for a local '
        'volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" '
        "are allowed. If you intended to pass a host directory, use absolute path" in result.err
    )


def test_read_only_bind(docker: Client, tmp_path: Path) -> None:
    """A1.15: ``:ro``."""
    result = docker("run", "--rm", "-v", f"{tmp_path}:/x:ro", "busybox", "touch", "/x/f")
    assert result.code == 1
    assert "Read-only file system" in result.err


def test_bind_of_a_file(docker: Client, tmp_path: Path) -> None:
    """A1.15: a file over a file, its target made when missing."""
    (tmp_path / "f").write_text("content\n")
    words = ("-v", f"{tmp_path}/f:/etc/passwd:ro", "-v", f"{tmp_path}/f:/new/place")
    assert (
        docker.ok("run", "--rm", *words, "busybox", "cat", "/etc/passwd", "/new/place") == "content\ncontent"
    )


def test_named_volume_survives(docker: Client, name: str) -> None:
    """A1.16: made on first use, survives rm."""
    docker.ok("run", "--rm", "-v", f"{name}:/data", "busybox", "sh", "-c", "echo kept > /data/f")
    assert docker.ok("volume", "ls", "-q", "--filter", f"name={name}") == name
    assert docker.ok("run", "--rm", "-v", f"{name}:/other", "busybox", "cat", "/other/f") == "kept"


def test_empty_volume_is_filled_from_the_image(docker: Client, name: str) -> None:
    """A1.16: content, owner and mode of the image's directory; a second image does not overwrite."""
    look = "stat -c '%u %g %a %n' /data /data/from-image; cat /data/from-image"
    filled = "1000 1000 755 /data\n1000 1000 640 /data/from-image\nkept"
    assert docker.ok("run", "--rm", "-v", f"{name}:/data", "fixture-seeded:1", "sh", "-c", look) == filled
    docker.ok("run", "--rm", "-v", f"{name}:/data", "busybox", "sh", "-c", "echo changed > /data/from-image")
    assert (
        docker.ok("run", "--rm", "-v", f"{name}:/data", "fixture-seeded:1", "cat", "/data/from-image")
        == "changed"
    )


def test_nocopy(docker: Client, name: str) -> None:
    """B4: ``:nocopy`` leaves it empty."""
    assert docker.ok("run", "--rm", "-v", f"{name}:/data:nocopy", "fixture-seeded:1", "ls", "/data") == ""


def test_bind_hides_the_images_content(docker: Client, tmp_path: Path) -> None:
    """A1.15: a bind is never filled."""
    assert docker.ok("run", "--rm", "-v", f"{tmp_path}:/data", "fixture-seeded:1", "ls", "/data") == ""
    assert not list(tmp_path.iterdir())


def test_volume_of_the_image(docker: Client, name: str) -> None:
    """A1.16, VOLUME: an anonymous volume, filled from the image."""
    assert docker.ok("run", "--name", name, "fixture-volume:1", "cat", "/data/from-image") == "kept"
    assert (
        docker.ok("inspect", "-f", "{{range .Mounts}}{{.Type}} {{.Destination}} {{len .Name}}{{end}}", name)
        == "volume /data 64"
    )


def test_volume_in_two_containers(docker: Client, name: str) -> None:
    """A1.16: shared while both run; --volumes-from gives the same."""
    docker.ok("run", "-d", "--name", name, "-v", f"{name}:/data", "busybox", "sleep", "300")
    docker.ok("run", "--rm", "-v", f"{name}:/mine", "busybox", "sh", "-c", "echo x > /mine/f")
    assert docker.ok("exec", name, "cat", "/data/f") == "x"
    assert docker.ok("run", "--rm", "--volumes-from", name, "busybox", "cat", "/data/f") == "x"
    assert docker("run", "--rm", "--volumes-from", f"{name}:ro", "busybox", "touch", "/data/g").code == 1


@pytest.mark.parametrize("use", ["run", "stopped"])
def test_volume_in_use_cannot_be_removed(docker: Client, name: str, use: str) -> None:
    """A1.16: the text names the container."""
    full = docker.ok("create", "--name", name, "-v", f"{name}:/data", "busybox", "sleep", "300")
    if use == "run":
        docker.ok("start", name)
    result = docker("volume", "rm", name)
    assert result.code == 1
    assert f"remove {name}: volume is in use - [{full}]" in result.err
    docker.ok("rm", "-f", name)
    assert docker("volume", "rm", name) == (0, f"{name}\n", "")


def test_mount_flag(docker: Client, name: str, tmp_path: Path) -> None:
    """B4 --mount: bind, volume, tmpfs and read-only."""
    (tmp_path / "f").write_text("bound\n")
    out = docker.ok(
        "run",
        "--rm",
        "--mount",
        f"type=bind,src={tmp_path},dst=/b,readonly",
        "--mount",
        f"type=volume,source={name},target=/v",
        "--mount",
        "type=tmpfs,destination=/t,tmpfs-size=1048576,tmpfs-mode=0700",
        "busybox",
        "sh",
        "-c",
        "cat /b/f; touch /b/x 2>/dev/null || echo refused; touch /v/x && df -k /t | tail -1; stat -c %a /t",
    )
    lines = out.splitlines()
    assert lines[:2] == ["bound", "refused"]
    assert lines[2].split()[:2] == ["tmpfs", "1024"]
    assert lines[3] == "700"


def test_mount_needs_an_existing_source(docker: Client) -> None:
    """B4 --mount: unlike -v nothing is made."""
    result = docker("run", "--rm", "--mount", "type=bind,src=/no-such-dir,dst=/x", "busybox", "true")
    assert result.code == 125
    assert 'invalid mount config for type "bind": bind source path does not exist: /no-such-dir' in result.err
    assert not Path("/no-such-dir").exists()


def test_tmpfs(docker: Client) -> None:
    """B4 --tmpfs: size, owner; noexec, nosuid, nodev by default."""
    script = "df -k /t | tail -1; stat -c %u:%a /t; grep ' /t ' /proc/mounts"
    lines = docker.ok(
        "run", "--rm", "--tmpfs", "/t:size=1m,uid=1000", "busybox", "sh", "-c", script
    ).splitlines()
    assert lines[0].split()[:2] == ["tmpfs", "1024"]
    assert lines[1] == "1000:1777"
    assert {"rw", "nosuid", "nodev", "noexec"} <= set(lines[2].split()[3].split(","))


def test_read_only_root(docker: Client, name: str) -> None:
    """B4 --read-only: the root refuses, volumes, tmpfs and shm do not."""
    script = "touch /x 2>&1; touch /v/x /t/x /dev/shm/x && echo fine"
    result = docker(
        "run", "--rm", "--read-only", "-v", f"{name}:/v", "--tmpfs", "/t", "busybox", "sh", "-c", script
    )
    assert result.code == 0
    assert "Read-only file system" in result.out
    assert result.lines[-1] == "fine"


@pytest.mark.parametrize(
    ("size", "kib"),
    [("8g", 8388608), ("16G", 16777216), ("100m", 102400), ("2048k", 2048), ("1048576", 1024), ("0", 65536)],
)
def test_shm_size(docker: Client, size: str, kib: int) -> None:
    """A1.13: exactly that size; suffixes b k m g in either case; nothing (and 0) is 64 MiB."""
    line = docker.ok("run", "--rm", "--shm-size", size, "busybox", "df", "-k", "/dev/shm").splitlines()[1]
    assert line.split()[:2] == ["shm", str(kib)]


def test_shm_in_human_form(docker: Client) -> None:
    """A1.13: ``df -h`` shows 8.0G."""
    assert "8.0G" in docker.ok("run", "--rm", "--shm-size=8g", "busybox", "df", "-h", "/dev/shm")


def test_shm_default(docker: Client) -> None:
    """A1.13."""
    assert docker.ok("run", "--rm", "busybox", "df", "-k", "/dev/shm").splitlines()[1].split()[1] == "65536"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-v", "/a:rel"], "mount path must be absolute"),
        (["-v", "/a:/b:nope"], "invalid mode: nope"),
        (["-v", "/a:/"], "destination can't be '/'"),
        (["-v", ":/x"], "invalid spec: :/x: empty section between colons"),
        (["-v", ""], "invalid empty volume spec"),
        (["-v", "bad name:/x"], "includes invalid characters for a local volume name"),
        (["--mount", "type=nope,dst=/x"], 'invalid mount config for type "nope": mount type unknown'),
        (["--mount", "dst=/x,bad"], "invalid field 'bad' must be a key=value pair"),
        (
            ["--mount", "type=bind,dst=/x"],
            'invalid mount config for type "bind": field Source must not be empty',
        ),
        (["--mount", "type=volume,src=x"], "target is required"),
        (["--tmpfs", "rel"], "invalid mount path: 'rel' mount path must be absolute"),
        (["--volumes-from", "no-such"], "No such container: no-such"),
        (["--shm-size", "8q"], "invalid suffix: 'q'"),
    ],
)
def test_bad_mounts(docker: Client, name: str, words: list[str], complaint: str) -> None:
    """Bad input: exit 125, the text says what is wrong, nothing is created."""
    result = docker("run", "--name", name, *words, "busybox", "true")
    assert result.code == 125
    assert complaint in result.err
    assert docker.ok("ps", "-aq", "--filter", f"name={name}") == ""


def test_bad_tmpfs_option(docker: Client, engine: Engine) -> None:
    """Bad input: found at create or at start, exit 125 in both cases."""
    result = docker("run", "--rm", "--tmpfs", "/t:nope", "busybox", "true")
    assert result.code == 125
    shown = expect(engine, dockerd='["nope"]', berthd='"nope"')
    assert f"invalid tmpfs option {shown}\n" in result.err


def test_mount_point_through_a_link_stays_inside(docker: Client, name: str, tmp_path: Path) -> None:
    """Hostile images: a mount point below a link that leads out of the root lands inside the root."""
    docker.ok("run", "--name", name, "busybox", "ln", "-s", f"/../../../..{tmp_path}", "/way-out")
    from_image = docker.binary("export", name).stdout
    docker.binary("import", "-", f"{name}:1", stdin=from_image)
    docker("run", "--rm", "-v", "/anonymous/../way-out/mounted", f"{name}:1", "true")
    docker("run", "--rm", "-v", "/way-out/mounted", f"{name}:1", "true")
    docker("run", "--rm", "-w", "/way-out/made", f"{name}:1", "true")
    assert not list(tmp_path.iterdir())


def test_anonymous_volume_goes_with_rm(docker: Client, name: str) -> None:
    """A1.7."""
    before = docker.ok("volume", "ls", "-q")
    docker.ok("run", "-d", "--rm", "--name", name, "-v", "/x", "busybox", "true")
    wait_until(lambda: not docker.ok("ps", "-aq", "--filter", f"name={name}"), "the container is removed")
    assert docker.ok("volume", "ls", "-q") == before
