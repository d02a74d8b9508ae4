"""Overlay mounts of any depth, wherever their directories lie.

mount(2) takes one page of options and gives ``,`` and ``:`` a meaning. When the paths do not fit or hold
such a character, the directories are opened and named ``/proc/self/fd/N``: about 200 layers fit, without
chdir (which would change the whole process). Beyond that the layers are added one by one through fsconfig
(``lowerdir+``, Linux 6.8); overlayfs itself stops at 500.
"""

import contextlib
import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from berth.kernel.libc import SYS_FSCONFIG, SYS_FSMOUNT, SYS_FSOPEN, syscall
from berth.kernel.mount import mount, move_mount_fd

_FSOPEN_CLOEXEC = 1
_FSMOUNT_CLOEXEC = 1
_FSCONFIG_SET_FLAG = 0
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CMD_CREATE = 6
_MEANINGFUL = frozenset(",:\\")


def mount_overlay(
    target: Path,
    lowers: Sequence[Path],
    *,
    upper: Path | None = None,
    work: Path | None = None,
    options: Sequence[str] = (),
    flags: int = 0,
) -> None:
    """Stack ``lowers`` (topmost first) under ``upper`` and show the result at ``target``.

    Without ``upper`` and ``work`` the result is read-only and needs two lowers or more. ``options`` are
    further overlay options such as ``metacopy=off`` or ``userxattr``.
    """
    directories = [*lowers, *(d for d in (upper, work) if d is not None)]
    page = os.sysconf("SC_PAGESIZE")
    if not any(_MEANINGFUL & set(str(d)) for d in directories):
        data = _option_string([str(d) for d in lowers], _text(upper), _text(work), options)
        if len(os.fsencode(data)) < page:
            mount("overlay", target, "overlay", flags, data)
            return
    with contextlib.ExitStack() as stack:
        names = []
        for directory in directories:
            fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, fd)
            names.append(f"/proc/self/fd/{fd}")
        lower_names = names[: len(lowers)]
        upper_name = names[len(lowers)] if upper is not None else None
        work_name = names[-1] if work is not None else None
        data = _option_string(lower_names, upper_name, work_name, options)
        if len(data) < page:
            mount("overlay", target, "overlay", flags, data)
            return
        _mount_by_fsconfig(target, lower_names, upper_name, work_name, options)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _option_string(lowers: Sequence[str], upper: str | None, work: str | None, options: Sequence[str]) -> str:
    parts = ["lowerdir=" + ":".join(lowers)]
    if upper is not None:
        parts.append(f"upperdir={upper}")
    if work is not None:
        parts.append(f"workdir={work}")
    return ",".join([*parts, *options])


def _mount_by_fsconfig(
    target: Path, lowers: Sequence[str], upper: str | None, work: str | None, options: Sequence[str]
) -> None:
    context = syscall(SYS_FSOPEN, ctypes.c_char_p(b"overlay"), _FSOPEN_CLOEXEC, path="overlay")
    try:
        for lower in lowers:
            _set_string(context, "lowerdir+", lower)
        if upper is not None:
            _set_string(context, "upperdir", upper)
        if work is not None:
            _set_string(context, "workdir", work)
        for option in options:
            key, equals, value = option.partition("=")
            if equals:
                _set_string(context, key, value)
            else:
                _config(context, _FSCONFIG_SET_FLAG, key, None)
        _config(context, _FSCONFIG_CMD_CREATE, None, None)
        mounted = syscall(SYS_FSMOUNT, context, _FSMOUNT_CLOEXEC, 0, path=str(target))
    finally:
        os.close(context)
    try:
        move_mount_fd(mounted, target)
    finally:
        os.close(mounted)


def _set_string(context: int, key: str, value: str) -> None:
    _config(context, _FSCONFIG_SET_STRING, key, value)


def _config(context: int, command: int, key: str | None, value: str | None) -> None:
    syscall(
        SYS_FSCONFIG,
        context,
        command,
        ctypes.c_char_p(None if key is None else key.encode()),
        ctypes.c_char_p(None if value is None else os.fsencode(value)),
        0,
        path=value,
    )
