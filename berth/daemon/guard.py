"""One daemon per root: a pid file naming a living daemon, or a lock on the data root, refuses a second."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from berth.base.errors import Conflict, Internal


@contextlib.contextmanager
def pid_file(path: Path) -> Iterator[None]:
    """Hold ``path`` with this process's number; Conflict when the process it names still lives."""
    other = _read_pid(path)
    if other is not None and other != os.getpid() and _is_daemon(other):
        raise Conflict(
            f"failed to start daemon, ensure berthd is not running or delete {path}: "
            f"process with PID {other} is still running"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(f"{os.getpid()}\n")
    fresh.replace(path)
    try:
        yield
    finally:
        if _read_pid(path) == os.getpid():
            path.unlink(missing_ok=True)


def _read_pid(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _is_daemon(pid: int) -> bool:
    """Whether ``pid`` lives and is a Python program that could be berthd (pid numbers are reused)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"berth" in command


@contextlib.contextmanager
def root_lock(root: Path) -> Iterator[None]:
    """Hold the data root for this process; the kernel lets go of it however the process ends."""
    try:
        root.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(root / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Internal(
            f"cannot use the data root {root}: {error.strerror}", hint="choose another with --data-root"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Conflict(
            f"the data root {root} is in use by another daemon", hint="give this one its own --data-root"
        ) from None
    finally:
        os.close(descriptor)


def prepare_exec_root(root: Path) -> None:
    """Make the directory of this boot; what an earlier boot left there describes nothing, so it goes."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    root.mkdir(mode=0o711, parents=True, exist_ok=True)
    marker = root / "boot-id"
    if marker.exists() and marker.read_text() != boot:
        for entry in root.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
    marker.write_text(boot)
