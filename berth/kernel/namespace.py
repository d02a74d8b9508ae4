"""Entering and making namespaces without moving the daemon.

A namespace belongs to a thread. Every entry happens in a thread that is thrown away, so no later work can
run in the wrong namespace. Sockets and descriptors opened there stay where they were opened and may be used
from anywhere: mostly one wants just those.
"""

import _thread
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from berth.kernel.libc import LIBC, check
from berth.kernel.mount import MS_BIND, mount, umount_if_mounted

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_FS = 0x00000200

T = TypeVar("T")


def setns(fd: int, kind: int) -> None:
    """Move the calling thread into the namespace behind ``fd``."""
    check(LIBC.setns(fd, kind), f"/proc/self/fd/{fd}")


def unshare(flags: int) -> None:
    """Give the calling thread namespaces of its own."""
    check(LIBC.unshare(flags))


def call_in_thread(function: Callable[[], T]) -> T:
    """Run ``function`` in a fresh thread, wait, and return its result or raise its exception."""
    results: list[T] = []
    errors: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def body() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)
        finally:
            done.release()

    # The bare thread: threading.Thread makes the caller wait twice, for the start and for the end.
    _thread.start_new_thread(body, ())
    done.acquire()
    if errors:
        raise errors[0]
    return results[0]


def call_in_netns(path: Path, function: Callable[[], T]) -> T:
    """Run ``function`` inside the network namespace bound at ``path``."""

    def body() -> T:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            setns(fd, CLONE_NEWNET)
        finally:
            os.close(fd)
        return function()

    return call_in_thread(body)


def call_in_new_netns(function: Callable[[], T]) -> T:
    """Run ``function`` in a network namespace of its own, which ends with the last thing that uses it."""

    def body() -> T:
        unshare(CLONE_NEWNET)
        return function()

    return call_in_thread(body)


def create_netns(path: Path, inside: Callable[[], T]) -> T:
    """Make a network namespace, keep it by a bind mount on the new file ``path``, run ``inside`` in it.

    The directory of ``path`` must not be a shared mount, or the mount would spread. When anything fails,
    neither file nor mount remain.
    """

    def body() -> T:
        unshare(CLONE_NEWNET)
        mount("/proc/thread-self/ns/net", path, None, MS_BIND)
        return inside()

    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    try:
        return call_in_thread(body)
    except BaseException:
        remove_netns(path)
        raise


def remove_netns(path: Path) -> bool:
    """Drop the bind mount and the file; False when there was nothing.

    The kernel takes the namespace and its interfaces down later, in the background. That is why nobody
    should delete a veth by hand: it takes 15 ms instead of 0.1.
    """
    umount_if_mounted(path, detach=True)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def netns_id(path: Path | str) -> tuple[int, int]:
    """What tells one namespace from another: (device, inode)."""
    found = os.stat(path)
    return found.st_dev, found.st_ino


def is_netns(path: Path) -> bool:
    """Whether a namespace is bound at ``path`` (and not just an empty file left by a crash)."""
    with contextlib.suppress(FileNotFoundError):
        return os.stat(path).st_dev == os.stat("/proc/self/ns/net").st_dev
    return False
