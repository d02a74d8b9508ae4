"""The images of the suite: a busybox, some that differ in configuration only, and a Debian for the seeds.

Nothing is pulled. busybox is the distribution's static one; Debian comes from the distribution's packages
once and is kept in a cache directory, keyed by everything that its content depends on.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from tests.support.archive import Entry, ImageArchive, directory, hardlink, pack, program, symlink

BUSYBOX = Path("/bin/busybox")
SEED_NAMES = ("ubuntu:latest", "demo_image:0.1", "tensorflow/tensorflow:1.4.0")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\n"
    "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
    "demo:x:1000:1000:Demo:/home/demo:/bin/sh\n"
)
_GROUP = "root:x:0:\ndaemon:x:1:\ndemo:x:1000:\naudio:x:29:demo\nvideo:x:44:demo\n"


@lru_cache
def busybox_layer() -> bytes:
    """A root file system of one static program under all its names, three users and the usual directories."""
    names = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    entries = [
        directory(path)
        for path in ("bin", "dev", "etc", "home", "lib", "mnt", "proc", "sys", "usr", "var", "var/log")
    ]
    entries += [directory("root", 0o700), directory("tmp", 0o1777), directory("home/demo", 0o755, 1000, 1000)]
    entries += [Entry("etc/passwd", _PASSWD.encode()), Entry("etc/group", _GROUP.encode())]
    entries.append(program("bin/busybox", BUSYBOX.read_bytes()))
    entries += [
        hardlink(f"bin/{name}", "bin/busybox") for name in names if name not in ("busybox", "busybox-static")
    ]
    entries.append(symlink("usr/bin", "../bin"))
    return pack(entries)


def busybox(
    *names: str, extra: list[Entry] | None = None, created: str = "", **config: object
) -> ImageArchive:
    """busybox under ``names`` with the given configuration fields, and ``extra`` entries in a second
    layer."""
    layers = (busybox_layer(), pack(extra)) if extra else (busybox_layer(),)
    settings = {"Env": [_PATH], "Cmd": ["sh"]} | config
    settings = {key: value for key, value in settings.items() if value is not None}
    return ImageArchive(names, layers, settings, **({"created": created} if created else {}))


def standard_images() -> list[ImageArchive]:
    """What every session has from the start: ``busybox`` and one image for each kind of configuration."""
    health = {
        "Test": ["CMD-SHELL", "test -e /healthy"],
        "Interval": 200_000_000,
        "Timeout": 5_000_000_000,
        "Retries": 2,
    }
    seeded = [
        directory("data", 0o755, 1000, 1000),
        Entry("data/from-image", b"kept\n", uid=1000, gid=1000, mode=0o640),
    ]
    two_weeks_ago = (datetime.now(UTC) - timedelta(days=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        busybox("busybox:latest", created=two_weeks_ago),
        busybox("fixture-entrypoint-exec:1", Entrypoint=["echo", "entry"], Cmd=["default"]),
        busybox("fixture-entrypoint-shell:1", Entrypoint=["/bin/sh", "-c", "echo entry $0"], Cmd=["default"]),
        busybox("fixture-user:1", User="demo", WorkingDir="/home/demo"),
        busybox("fixture-volume:1", extra=seeded, Volumes={"/data": {}}),
        busybox("fixture-seeded:1", extra=seeded),
        busybox(
            "fixture-expose:1",
            ExposedPorts={"8080/tcp": {}, "5353/udp": {}},
            Labels={"made": "here", "kind": "expose"},
        ),
        busybox("fixture-health:1", Healthcheck=health),
        busybox("fixture-stopsignal:1", StopSignal="SIGUSR1"),
        busybox("fixture-onbuild:1", OnBuild=["RUN true"]),
        busybox("fixture-env:1", Env=[_PATH, "COLOUR=green", "SHAPE=round"], WorkingDir="/srv/work"),
        busybox("fixture-nocmd:1", Cmd=None),
    ]


def debian_rootfs(
    cache: Path, *, suite: str = "bookworm", include: tuple[str, ...] = ("bash", "python3")
) -> Path:
    """A tar of a small Debian with ``include`` in it, made by mmdebstrap on the first call for this
    content."""
    excluded = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
    words = ["mmdebstrap", "--variant=minbase", f"--include={','.join(include)}"]
    words += [f"--dpkgopt=path-exclude={pattern}" for pattern in excluded]
    words += ["--aptopt=Acquire::Languages none", "--customize-hook=ln -s python3 $1/usr/bin/python"]
    words += ["--customize-hook=rm -rf $1/var/lib/apt/lists $1/var/cache/apt"]
    key = hashlib.sha256("\0".join([*words, suite]).encode()).hexdigest()[:16]
    target = cache / f"debian-{suite}-{key}.tar"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        made = Path(folder) / "rootfs.tar"
        done = subprocess.run([*words, suite, str(made)], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap could not make a Debian: {done.stderr[-1500:]}")
        os.replace(made, target)
    return target


def can_make_debian() -> str:
    """Why no Debian image can be made here; empty when it can."""
    return "" if shutil.which("mmdebstrap") else "mmdebstrap is not installed"


def debian(
    cache: Path, names: tuple[str, ...], extra: list[Entry] | None = None, **config: object
) -> ImageArchive:
    """A Debian image under ``names``; its command is bash, as ubuntu's and debian's are."""
    layers = (debian_rootfs(cache).read_bytes(), *((pack(extra),) if extra else ()))
    return ImageArchive(names, layers, {"Env": [_PATH], "Cmd": ["bash"], **config})


def cache_directory() -> Path:
    """Where large fixtures stay between sessions; one per user, outside the repository."""
    return Path(tempfile.gettempdir()) / f"berth-fixtures-{os.getuid()}"
