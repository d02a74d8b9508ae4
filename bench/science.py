"""A large image as people have them: Debian, and Python's scientific packages in seven layers on top, 1 GB.

Kept in the cache directory: ``science.tar`` is a docker archive, ``science-registry`` the storage of a
registry that has the same image with its layers compressed.
"""

import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from bench.images import suite
from bench.machine import network_namespace, run
from bench.registry import Registry

SCIENCE = "bench-science:1"
REPOSITORY = "bench/science"
_PYTHON = "3.11"
_SITE = f"usr/local/lib/python{_PYTHON}/dist-packages"
_PACKAGES = (
    ("numpy==2.0.2",),
    ("pandas==2.2.3", "python-dateutil==2.9.0.post0", "pytz==2024.2", "tzdata==2024.2", "six==1.16.0"),
    ("scipy==1.14.1",),
    ("scikit-learn==1.5.2", "joblib==1.4.2", "threadpoolctl==3.5.0", "sympy==1.13.3", "mpmath==1.3.0"),
    ("matplotlib==3.9.2", "pillow==11.0.0", "fonttools==4.54.1", "contourpy==1.3.0", "networkx==3.4.2"),
    ("pyarrow==18.0.0",),
    ("numba==0.60.0", "llvmlite==0.43.0"),
)


def science_archive(cache: Path) -> Path:
    """The image as a docker archive; RuntimeError when it is not there and cannot be made."""
    archive = cache / "science.tar"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="science-", dir=cache) as work:
            layers = [_base(Path(work)), *(_packages(Path(work), *names) for names in _PACKAGES)]
            made = _archive(Path(work) / "archive.tar", layers)
            made.rename(archive)
    return archive


def science_registry(cache: Path) -> Path:
    """The storage of a registry that has the image; RuntimeError when it is not there and cannot be made."""
    storage = cache / "science-registry"
    if not storage.exists():
        if shutil.which("skopeo") is None:
            raise RuntimeError("skopeo is not installed")
        archive = science_archive(cache)
        with tempfile.TemporaryDirectory(prefix="registry-", dir=cache) as work:
            root = Path(work) / "storage"
            root.mkdir()
            with network_namespace("bench-science") as space, Registry(root, Path(work), space) as registry:
                copy = ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false"]
                target = f"docker://{registry.host}/{REPOSITORY}:1"
                run("nsenter", f"--net={space}", *copy, f"docker-archive:{archive}", target)
            root.rename(storage)
    return storage


def _base(work: Path) -> Path:
    target = work / "base.tar"
    words = ["--quiet", "--variant=minbase", "--include=python3", "--aptopt=Acquire::Retries 3"]
    if shutil.which("mmdebstrap") is None:
        raise RuntimeError("mmdebstrap is not installed")
    run("mmdebstrap", *words, suite(), target, timeout=1200)
    return target


def _packages(work: Path, *names: str) -> Path:
    """One layer: wheels of the named packages, nothing that they depend on."""
    place = work / names[0]
    words = ["-q", "--no-deps", "--only-binary=:all:", "--python-version", _PYTHON, "--implementation", "cp"]
    words += [f"--platform=manylinux_2_{minor}_{os.uname().machine}" for minor in (28, 17)]
    words += [f"--platform=manylinux2014_{os.uname().machine}", "--no-compile", "--target", str(place)]
    run(sys.executable, "-m", "pip", "install", *words, *names, timeout=1200)
    target = work / f"{names[0]}.tar"
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(place, _SITE, filter=_rooted)
    shutil.rmtree(place)
    return target


def _rooted(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = 1_700_000_000
    return entry


def _archive(target: Path, layers: list[Path]) -> Path:
    """Wrap the layers, the base first, as ``docker save`` does."""
    digests = []
    for layer in layers:
        with layer.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    created = "2024-01-01T00:00:00Z"
    config = json.dumps(
        {
            "architecture": machine,
            "os": "linux",
            "created": created,
            "config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["python3"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
            "history": [{"created": created, "created_by": layer.stem} for layer in layers],
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    paths = [f"{digest}/layer.tar" for digest in digests]
    manifest = json.dumps([{"Config": name, "RepoTags": [SCIENCE], "Layers": paths}]).encode()
    with tarfile.open(target, "w") as tar:
        for path, layer in zip(paths, layers, strict=True):
            entry = tarfile.TarInfo(path)
            entry.size = layer.stat().st_size
            with layer.open("rb") as file:
                tar.addfile(entry, file)
        for path, data in ((name, config), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return target
