"""The ground under every image: places for what a runtime mounts, where the image itself has none.

A runtime makes missing mount points in the writable layer, and then ``diff`` and ``commit`` would take them
for the container's work. dockerd puts a layer with such places between image and container; here one
directory lies below all images instead, so whatever an image has at these paths wins by itself.
"""

import contextlib
import os
from pathlib import Path

_DIRECTORIES = (("dev", 0o755), ("dev/pts", 0o755), ("dev/shm", 0o755), ("etc", 0o755), ("proc", 0o755),
                ("sys", 0o755))  # fmt: skip
_FILES = (
    (".dockerenv", 0o755),
    ("dev/console", 0o755),
    ("etc/hostname", 0o755),
    ("etc/hosts", 0o755),
    ("etc/resolv.conf", 0o755),
)
"""Empty; the first one is how programs find out that they run in a container (moby's setupInitLayer)."""


def make_ground(directory: Path) -> Path:
    """Make or complete the directory; safe to repeat."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    directory.chmod(0o755)
    for name, mode in _DIRECTORIES:
        (directory / name).mkdir(mode=mode, exist_ok=True)
    for name, mode in _FILES:
        path = directory / name
        if not path.exists():
            path.touch()
            path.chmod(mode)
    with contextlib.suppress(FileExistsError):
        os.symlink("/proc/mounts", directory / "etc/mtab")
    return directory
