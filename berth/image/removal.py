"""Deleting a tree that a container or an archive made: of any depth, without following anything.

``shutil.rmtree`` recurses, so a thousand nested directories would be safe from it for ever.
"""

import contextlib
import os
import secrets
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEPTH = 64


def remove_tree(path: Path) -> None:
    """Delete ``path`` and everything below; what cannot be deleted stays and is no error.

    What lies deeper than ``_DEPTH`` is moved beside ``path`` and deleted from there.
    """
    if not path.is_dir() or path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink()
        return
    pending = [path]
    while pending:
        tree = pending.pop()
        with contextlib.suppress(OSError):
            fd = os.open(tree, _DIRECTORY)
            try:
                _empty(fd, path.parent, pending, _DEPTH)
            finally:
                os.close(fd)
            tree.rmdir()


def _empty(fd: int, refuge: Path, pending: list[Path], depth: int) -> None:
    with os.scandir(fd) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        with contextlib.suppress(OSError):
            if not is_directory:
                os.unlink(name, dir_fd=fd)
                continue
            if depth == 0:
                moved = refuge / secrets.token_hex(8)
                os.rename(name, moved, src_dir_fd=fd)
                pending.append(moved)
                continue
            child = os.open(name, _DIRECTORY, dir_fd=fd)
            try:
                _empty(child, refuge, pending, depth - 1)
            finally:
                os.close(child)
            os.rmdir(name, dir_fd=fd)
