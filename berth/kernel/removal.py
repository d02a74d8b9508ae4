"""Deleting a directory tree that somebody else filled, however deep they made it.

``shutil.rmtree`` recurses once a level and dies of RecursionError at about a thousand; a container makes such
a tree in one line of shell. Here a directory that lies too deep is first moved up to the top of the tree, so
that neither the stack, nor the number of descriptors, nor the length of a path grows with the depth.
"""

import os
import secrets
from contextlib import suppress

_DEPTH = 60
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: str | os.PathLike[str]) -> None:
    """Delete the directory ``path`` and all below it. None there is fine; links are deleted, never followed.

    Everything that can be deleted is; then the first failure is raised (EBUSY for a mount point, EPERM for an
    immutable file). May take long: call it in a thread.
    """
    try:
        top = os.open(path, _OPEN_DIRECTORY)
    except FileNotFoundError:
        return
    failures: list[OSError] = []
    try:
        moved = True
        while moved:
            moved = _empty(top, top, _DEPTH, failures)
    finally:
        os.close(top)
    if failures:
        raise failures[0]
    with suppress(FileNotFoundError):
        os.rmdir(path)


def _empty(directory: int, top: int, depth: int, failures: list[OSError]) -> bool:
    """Delete what is in ``directory``; True when something was moved to ``top`` and waits there."""
    moved = False
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        try:
            if not is_directory:
                os.unlink(name, dir_fd=directory)
            elif depth == 0:
                os.rename(name, secrets.token_hex(16), src_dir_fd=directory, dst_dir_fd=top)
                moved = True
            else:
                moved |= _remove_directory(directory, name, top, depth - 1, failures)
        except FileNotFoundError:
            continue
        except OSError as error:
            failures.append(error)
    return moved


def _remove_directory(parent: int, name: str, top: int, depth: int, failures: list[OSError]) -> bool:
    fd = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
    known = len(failures)
    try:
        moved = _empty(fd, top, depth, failures)
    finally:
        os.close(fd)
    if len(failures) == known:  # else it is not empty, which needs no second complaint
        os.rmdir(name, dir_fd=parent)
    return moved
