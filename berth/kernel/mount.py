"""mount(2) and its relatives, and what is mounted now.

Flags are spelled as in ``<linux/mount.h>``. Targets are never followed out of what the caller opened: pass
``/proc/self/fd/N`` of a descriptor from ``paths.open_in_root`` where a container could have planted a link.
"""

import ctypes
import errno
import os
from typing import NamedTuple

from berth.kernel.libc import (
    AT_FDCWD,
    LIBC,
    SYS_MOUNT_SETATTR,
    SYS_MOVE_MOUNT,
    SYS_OPEN_TREE,
    check,
    syscall,
)

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MS_RELATIME = 1 << 21

MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

MOUNT_ATTR_RDONLY = 1
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_MOVE_MOUNT_T_EMPTY_PATH = 0x40
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC

_MOUNT = LIBC.mount
_MOUNT.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_UMOUNT2 = LIBC.umount2
_UMOUNT2.argtypes = (ctypes.c_char_p, ctypes.c_int)

PathLike = str | os.PathLike[str]


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def mount(
    source: PathLike, target: PathLike, fstype: str | None, flags: int, data: str | None = None
) -> None:
    """mount(2). ``data`` must be shorter than a page: the kernel would cut it silently."""
    if data is not None and len(os.fsencode(data)) >= os.sysconf("SC_PAGESIZE"):
        raise ValueError("mount options do not fit in one page")
    result = _MOUNT(
        os.fsencode(source),
        os.fsencode(target),
        fstype.encode() if fstype else None,
        flags,
        os.fsencode(data) if data is not None else None,
    )
    check(result, os.fspath(target))


def umount(target: PathLike, flags: int = UMOUNT_NOFOLLOW) -> None:
    """umount2(2); a link as the last component is refused unless ``flags`` says otherwise."""
    check(_UMOUNT2(os.fsencode(target), flags), os.fspath(target))


def umount_if_mounted(target: PathLike, *, detach: bool = False) -> bool:
    """Unmount ``target``; False when it is no mount point or does not exist.

    ``detach`` lets go of a busy mount: it vanishes from the tree now and from the kernel with its last user.
    """
    flags = UMOUNT_NOFOLLOW | (MNT_DETACH if detach else 0)
    try:
        umount(target, flags)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return False
        raise
    return True


def bind(source: PathLike, target: PathLike, *, recursive: bool = False, read_only: bool = False) -> None:
    """Make ``source`` appear at ``target``. Read-only takes a second call, as bind ignores other flags."""
    mount(source, target, None, MS_BIND | (MS_REC if recursive else 0))
    if read_only:
        try:
            remount_read_only(target)
        except OSError:
            umount(target, UMOUNT_NOFOLLOW | MNT_DETACH)
            raise


def remount_read_only(target: PathLike) -> None:
    """Make one mount read-only (not its file system, not mounts below it)."""
    mount("none", target, None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def set_read_only_recursively(target: PathLike) -> None:
    """Make a mount and every mount below it read-only (mount_setattr, Linux 5.12)."""
    attr = _MountAttr(attr_set=MOUNT_ATTR_RDONLY)
    path = os.fsencode(target)
    syscall(
        SYS_MOUNT_SETATTR,
        AT_FDCWD,
        ctypes.c_char_p(path),
        _AT_RECURSIVE,
        ctypes.byref(attr),
        ctypes.sizeof(attr),
        path=os.fspath(target),
    )


def move(source: PathLike, target: PathLike) -> None:
    """Move a mount to another place of the tree."""
    mount(source, target, None, MS_MOVE)


def set_propagation(target: PathLike, kind: int, *, recursive: bool = True) -> None:
    """Set MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE."""
    mount("none", target, None, kind | (MS_REC if recursive else 0))


def make_private(target: PathLike, *, recursive: bool = False) -> None:
    """Stop mounts at ``target`` from spreading to other namespaces, and theirs from coming here."""
    set_propagation(target, MS_PRIVATE, recursive=recursive)


def mount_tmpfs(target: PathLike, options: str = "", flags: int = MS_NOSUID | MS_NODEV) -> None:
    """A memory file system at ``target``; ``options`` as in tmpfs(5)."""
    mount("tmpfs", target, "tmpfs", flags, options or None)


def mount_erofs(image: PathLike, target: PathLike, options: str = "") -> None:
    """Mount an erofs image straight from its file, without a loop device (Linux 6.12).

    Raises OSError ENOTBLK where the kernel wants a block device, ENODEV where it has no erofs.
    """
    mount(image, target, "erofs", MS_RDONLY | MS_NODEV, options or None)


def open_tree_clone(path: PathLike, *, recursive: bool = False) -> int:
    """A detached bind copy of ``path`` as a descriptor; it is freed with the descriptor unless moved."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | (_AT_RECURSIVE if recursive else 0)
    return syscall(SYS_OPEN_TREE, AT_FDCWD, ctypes.c_char_p(os.fsencode(path)), flags, path=os.fspath(path))


def move_mount_fd(mount_fd: int, target: PathLike) -> None:
    """Attach a detached mount (from open_tree or fsmount) at ``target``."""
    syscall(
        SYS_MOVE_MOUNT,
        mount_fd,
        ctypes.c_char_p(b""),
        AT_FDCWD,
        ctypes.c_char_p(os.fsencode(target)),
        _MOVE_MOUNT_F_EMPTY_PATH,
        path=os.fspath(target),
    )


class MountEntry(NamedTuple):
    """One line of mountinfo (proc(5)); ``root`` is what part of the file system is shown at ``target``."""

    mount_id: int
    parent_id: int
    device: str
    root: str
    target: str
    options: frozenset[str]
    shared: bool
    fstype: str
    source: str
    super_options: str


def move_mount_onto(mount_fd: int, target_fd: int) -> None:
    """Attach a detached mount to what ``target_fd`` is a descriptor of."""
    syscall(
        SYS_MOVE_MOUNT,
        mount_fd,
        ctypes.c_char_p(b""),
        target_fd,
        ctypes.c_char_p(b""),
        _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH,
    )


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    raw = bytearray()
    data = os.fsencode(text)
    index = 0
    while index < len(data):
        if data[index] == 0x5C and data[index + 1 : index + 4].isdigit():
            raw.append(int(data[index + 1 : index + 4], 8))
            index += 4
        else:
            raw.append(data[index])
            index += 1
    return os.fsdecode(bytes(raw))


def parse_mountinfo(text: str) -> list[MountEntry]:
    """The entries of a mountinfo file, in the kernel's order (parents before children)."""
    entries = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        entries.append(
            MountEntry(
                int(fields[0]),
                int(fields[1]),
                fields[2],
                _unescape(fields[3]),
                _unescape(fields[4]),
                frozenset(fields[5].split(",")),
                any(f.startswith("shared:") for f in fields[6:]),
                tail[0],
                _unescape(tail[1]),
                tail[2] if len(tail) > 2 else "",
            )
        )
    return entries


def mounts(*fstypes: str) -> list[MountEntry]:
    """What the calling thread's mount namespace has mounted; of the named file system types only, if any.

    Every container is two lines more, so lines that nobody asked for are not taken apart.
    """
    with open("/proc/thread-self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    if fstypes:
        marks = tuple(f" - {name} " for name in fstypes)
        text = "\n".join(line for line in text.splitlines() if any(mark in line for mark in marks))
    return parse_mountinfo(text)


def mounts_below(directory: PathLike) -> list[str]:
    """Mount points at or below ``directory``, deepest first: the order in which they can be unmounted."""
    root = os.path.realpath(directory)
    prefix = root.rstrip("/") + "/"
    found = [e.target for e in mounts() if e.target == root or e.target.startswith(prefix)]
    return found[::-1]


def is_mount_point(path: PathLike) -> bool:
    """Whether something is mounted exactly at ``path`` (bind mounts of the same device too)."""
    wanted = os.path.realpath(path)
    return any(entry.target == wanted for entry in mounts())
