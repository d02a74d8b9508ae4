"""How much a tree holds, as Docker counts it: lengths of files and links, hard links once."""

import os
import stat
from pathlib import Path

from berth.kernel.paths import open_in_root

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def tree_size(directory: Path) -> int:
    """Bytes below ``directory``, which may be changing. Call it in a thread."""
    total = 0
    seen: set[int] = set()
    root = os.open(directory, _DIRECTORY)
    try:
        todo = ["."]
        while todo:
            path = todo.pop()
            try:
                # Each from the root: no depth of nesting can use up descriptors or the stack.
                fd = open_in_root(root, path, _DIRECTORY, follow=False)
            except OSError:
                continue  # gone or replaced meanwhile, or nested beyond what a path can name
            try:
                total += _files(fd, path, todo, seen)
            finally:
                os.close(fd)
    finally:
        os.close(root)
    return total


def _files(fd: int, path: str, todo: list[str], seen: set[int]) -> int:
    total = 0
    for name in os.listdir(fd):
        try:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISDIR(status.st_mode):
            todo.append(f"{path}/{name}")
        elif status.st_nlink == 1 or status.st_ino not in seen:
            seen.add(status.st_ino)
            total += status.st_size
    return total
