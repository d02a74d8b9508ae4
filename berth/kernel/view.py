"""A file system with further mounts in it, seen by nobody else.

To look at a container's files as the container sees them, its volumes must lie where it has them, also while
it does not run. The mounts are made in a mount namespace of their own, by a thread that is thrown away; what
stays is a descriptor of the root, and the namespace for as long as it is needed.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from berth.kernel.mount import (
    MS_SLAVE,
    move_mount_onto,
    open_tree_clone,
    set_propagation,
    set_read_only_recursively,
)
from berth.kernel.namespace import CLONE_NEWNS, call_in_thread, unshare
from berth.kernel.paths import make_directories_in_root, open_in_root

_ROOT = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Overlaid(NamedTuple):
    """A file or directory of the host that appears at ``destination``, a path inside the root."""

    source: str
    destination: str
    read_only: bool = False
    recursive: bool = True


@contextlib.contextmanager
def view(root: Path, mounts: Sequence[Overlaid]) -> Iterator[int]:
    """A descriptor (O_PATH) of ``root`` with ``mounts`` in it; missing mount points are made.

    Resolve paths below it with ``open_in_root``: a path through the root's own name does not see the mounts.
    A source that does not exist is left out.
    """
    fds = call_in_thread(lambda: _enter(root, mounts)) if mounts else (os.open(root, _ROOT),)
    try:
        yield fds[0]
    finally:
        for fd in fds:
            os.close(fd)


def _enter(root: Path, mounts: Sequence[Overlaid]) -> tuple[int, int]:
    """In a thread of its own: descriptors of the root and of the namespace that holds the mounts."""
    unshare(CLONE_NEWNS)
    set_propagation("/", MS_SLAVE)  # what is unmounted outside must not live on in here
    fd = os.open(root, _ROOT)
    try:
        for mount in sorted(mounts, key=lambda m: m.destination.count("/")):
            _attach(fd, mount)
        return fd, os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    except BaseException:
        os.close(fd)
        raise


def _attach(root: int, mount: Overlaid) -> None:
    try:
        tree = open_tree_clone(mount.source, recursive=mount.recursive)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return
        raise
    try:
        if mount.read_only:
            set_read_only_recursively(f"/proc/self/fd/{tree}")
        target = _mount_point(root, mount.destination.lstrip("/"), is_directory=os.path.isdir(mount.source))
        try:
            move_mount_onto(tree, target)
        finally:
            os.close(target)
    finally:
        os.close(tree)


def _mount_point(root: int, path: str, *, is_directory: bool) -> int:
    if is_directory:
        return make_directories_in_root(root, path)
    try:
        return open_in_root(root, path, os.O_PATH)
    except FileNotFoundError:
        pass
    folder, _, name = path.rpartition("/")
    parent = make_directories_in_root(root, folder)
    try:
        return os.open(
            name, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o755, dir_fd=parent
        )
    finally:
        os.close(parent)
