"""Copying a directory tree as it is: owners, modes, times, links, devices, extended attributes, holes.

Works on descriptors below two roots and never follows a link in either, so that neither a hostile image nor
a container that is busy in the target can lead it elsewhere. Directories are walked from a list, two
descriptors at a time, whatever their depth.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from berth.kernel.paths import open_in_root

_CHUNK = 1 << 30
_BUFFER = 1 << 20
# Overlay's private marks mean something only to the overlay that they came from.
_PRIVATE_XATTRS = ("trusted.overlay.", "user.overlay.")

Inode = tuple[int, int]


def copy_tree(source: int, target: int) -> None:
    """Copy what the directory ``source`` contains, and its own metadata, into the empty directory ``target``.

    Both are descriptors of directories. Sockets are left out: nobody could listen on a copy. Raises OSError
    and leaves a part when the target is full or the source changes underneath.
    """
    links: dict[Inode, str] = {}
    directories = [""]
    for path in directories:  # grows while it is walked
        with _opened(source, path) as from_dir, _opened(target, path) as to_dir:
            for entry in os.listdir(from_dir):
                inner = f"{path}/{entry}" if path else entry
                if _copy_entry(from_dir, to_dir, entry, inner, target, links):
                    directories.append(inner)
    # Children first: writing into a directory changes its times.
    for path in reversed(directories):
        with _opened(source, path) as from_dir, _opened(target, path) as to_dir:
            copy_metadata(from_dir, to_dir)


@contextmanager
def _opened(root: int, path: str) -> Iterator[int]:
    fd = open_in_root(root, path, os.O_RDONLY | os.O_DIRECTORY, follow=False)
    try:
        yield fd
    finally:
        os.close(fd)


def _copy_entry(from_dir: int, to_dir: int, name: str, path: str, root: int, links: dict[Inode, str]) -> bool:
    """Copy one entry; True for a directory, whose content is still to come."""
    info = os.lstat(name, dir_fd=from_dir)
    kind = stat.S_IFMT(info.st_mode)
    if kind == stat.S_IFDIR:
        os.mkdir(name, 0o700, dir_fd=to_dir)
        return True
    inode = (info.st_dev, info.st_ino)
    if info.st_nlink > 1 and inode in links:
        _link(root, links[inode], to_dir, name)
        return False
    if kind == stat.S_IFREG:
        _copy_file(from_dir, to_dir, name)
    elif kind == stat.S_IFLNK:
        _copy_link(from_dir, to_dir, name, info)
    elif kind in (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK):
        _copy_node(from_dir, to_dir, name, info)
    else:
        return False
    if info.st_nlink > 1:
        links[inode] = path
    return False


def _link(root: int, path: str, to_dir: int, name: str) -> None:
    """A further name for what was copied to ``path``, by descriptor: the path itself could have changed."""
    fd = open_in_root(root, path, os.O_PATH | os.O_NOFOLLOW, follow=False)
    try:
        os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=to_dir, follow_symlinks=True)
    finally:
        os.close(fd)


def _copy_file(from_dir: int, to_dir: int, name: str) -> None:
    # Non-blocking: should the file have become a fifo meanwhile, opening must not wait for a writer.
    from_fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=from_dir)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        to_fd = os.open(name, flags, 0o600, dir_fd=to_dir)
        try:
            _copy_data(from_fd, to_fd)
            copy_metadata(from_fd, to_fd)
        finally:
            os.close(to_fd)
    finally:
        os.close(from_fd)


def _copy_data(from_fd: int, to_fd: int) -> None:
    """The bytes, with holes left as holes."""
    size = os.fstat(from_fd).st_size
    os.ftruncate(to_fd, size)
    position = 0
    while position < size:
        try:
            start = os.lseek(from_fd, position, os.SEEK_DATA)
            end = os.lseek(from_fd, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nothing but a hole up to the end
                raise
            return
        _copy_range(from_fd, to_fd, start, end)
        position = end


def _copy_range(from_fd: int, to_fd: int, start: int, end: int) -> None:
    os.lseek(from_fd, start, os.SEEK_SET)
    os.lseek(to_fd, start, os.SEEK_SET)
    while start < end:
        count = _transfer(from_fd, to_fd, min(end - start, _CHUNK))
        if count == 0:
            return  # it became shorter
        start += count


def _transfer(from_fd: int, to_fd: int, count: int) -> int:
    """Some bytes at both positions; inside the kernel where the two file systems can (since Linux 5.19)."""
    try:
        return os.copy_file_range(from_fd, to_fd, count)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    data = os.read(from_fd, min(count, _BUFFER))
    view = memoryview(data)
    while view:
        view = view[os.write(to_fd, view) :]
    return len(data)


def _copy_link(from_dir: int, to_dir: int, name: str, info: os.stat_result) -> None:
    os.symlink(os.readlink(name, dir_fd=from_dir), name, dir_fd=to_dir)
    os.chown(name, info.st_uid, info.st_gid, dir_fd=to_dir, follow_symlinks=False)
    _copy_xattrs(f"/proc/self/fd/{from_dir}/{name}", f"/proc/self/fd/{to_dir}/{name}")
    _copy_times(name, info, to_dir)


def _copy_node(from_dir: int, to_dir: int, name: str, info: os.stat_result) -> None:
    os.mknod(name, stat.S_IFMT(info.st_mode) | 0o600, info.st_rdev, dir_fd=to_dir)
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=to_dir)
    try:
        # A path descriptor takes no fchmod; its magic link leads to exactly this node.
        os.chown(f"/proc/self/fd/{fd}", info.st_uid, info.st_gid)
        os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(info.st_mode))
    finally:
        os.close(fd)
    _copy_xattrs(f"/proc/self/fd/{from_dir}/{name}", f"/proc/self/fd/{to_dir}/{name}")
    _copy_times(name, info, to_dir)


def _copy_times(name: str, info: os.stat_result, directory: int) -> None:
    os.utime(name, ns=(info.st_atime_ns, info.st_mtime_ns), dir_fd=directory, follow_symlinks=False)


def copy_metadata(from_fd: int, to_fd: int) -> None:
    """Owner, mode, extended attributes and times of an open file or directory. The owner first: changing it
    clears set-user-id bits and capabilities."""
    info = os.fstat(from_fd)
    os.fchown(to_fd, info.st_uid, info.st_gid)
    os.fchmod(to_fd, stat.S_IMODE(info.st_mode))
    _copy_xattrs(from_fd, to_fd)
    os.utime(to_fd, ns=(info.st_atime_ns, info.st_mtime_ns))


def _copy_xattrs(source: int | str, target: int | str) -> None:
    follow = isinstance(source, int)
    try:
        names = os.listxattr(source, follow_symlinks=follow)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return
    for name in names:
        if name.startswith(_PRIVATE_XATTRS):
            continue
        value = os.getxattr(source, name, follow_symlinks=follow)
        try:
            os.setxattr(target, name, value, follow_symlinks=follow)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:  # the target keeps no attributes of this kind
                raise


def tree_size(root: int) -> int:
    """Bytes of everything below the directory ``root``, each inode once, as Docker counts a volume.

    What disappears while it is counted has no size: its owner is at work.
    """
    sizes: dict[Inode, int] = {}
    directories = [""]
    for path in directories:  # grows while it is walked
        with suppress(FileNotFoundError), _opened(root, path) as directory:
            for entry in os.listdir(directory):
                with suppress(FileNotFoundError):
                    info = os.lstat(entry, dir_fd=directory)
                    if stat.S_ISDIR(info.st_mode):
                        directories.append(f"{path}/{entry}" if path else entry)
                    else:
                        sizes[info.st_dev, info.st_ino] = info.st_size
    return sum(sizes.values())
