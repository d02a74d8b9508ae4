"""The images that every engine runs: one static program, and a real Debian with Python."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

TINY = "bench-tiny:1"
DEBIAN = "bench-debian:1"
_APPLETS = ("sh", "true", "sleep", "yes", "head", "cat", "echo", "httpd", "dd")
_PACKAGES = "python3,python3-pip,python3-numpy"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def tiny_image(place: Path) -> Path:
    """A docker archive with busybox under the names that the bench uses."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        program = Path("/bin/busybox").read_bytes()
        entry = tarfile.TarInfo("bin/busybox")
        entry.mode, entry.size = 0o755, len(program)
        tar.addfile(entry, io.BytesIO(program))
        for name in _APPLETS:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        for name, text in (("etc/passwd", "root:x:0:0:root:/:/bin/sh\n"), ("etc/group", "root:x:0:\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    rootfs = place / "tiny.tar.layer"
    rootfs.write_bytes(layer.getvalue())
    return _archive(place / "tiny.tar", TINY, rootfs)


def debian_image(cache: Path) -> Path:
    """A docker archive of about 300 MB made by mmdebstrap, kept in ``cache`` from run to run.

    Raises RuntimeError when it is not there and cannot be made.
    """
    archive = cache / "debian-python.tar"
    if archive.exists():
        return archive
    program = shutil.which("mmdebstrap")
    if program is None:
        raise RuntimeError("mmdebstrap is not installed")
    cache.mkdir(parents=True, exist_ok=True)
    rootfs = cache / "rootfs.tar"
    command = [
        program,
        "--quiet",
        "--variant=minbase",
        f"--include={_PACKAGES}",
        "--aptopt=Acquire::Retries 3",
    ]
    done = subprocess.run(
        [*command, suite(), str(rootfs)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"mmdebstrap failed: {done.stderr.strip().splitlines()[-1:]}")
    made = _archive(archive.with_suffix(".part"), DEBIAN, rootfs)
    rootfs.unlink()
    return made.rename(archive)


def suite() -> str:
    """The name of the distribution's release that this machine runs."""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return "stable"


def _archive(target: Path, name: str, layer: Path) -> Path:
    """Wrap one layer as ``docker save`` does."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(
                os.uname().machine, os.uname().machine
            ),
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": {"Env": [_PATH], "Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "bench"}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]}])
    with tarfile.open(target, "w") as tar:
        for path, data in ((config_name, config), ("manifest.json", manifest.encode())):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        entry = tarfile.TarInfo(f"{digest}/layer.tar")
        entry.size = layer.stat().st_size
        with layer.open("rb") as file:
            tar.addfile(entry, file)
    return target
