"""Devices of the host, looked up for a container: ``--device``, ``--device-cgroup-rule``, privileged."""

import os
import stat

from berth.base.errors import InvalidArgument
from berth.runtime.spec.options import BlockLimit, DeviceNode, DeviceRule

_PRIVILEGED_SKIP = frozenset(("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"))
_PRIVILEGED_SKIP_FILES = frozenset(("console",))


def devices_from_path(
    host_path: str, container_path: str, access: str
) -> tuple[tuple[DeviceNode, ...], tuple[DeviceRule, ...]]:
    """The device at ``host_path``, or all those below it when it is a directory, with their cgroup rules.

    Raises InvalidArgument with dockerd's text when there is none.
    """
    real = os.path.realpath(host_path)
    try:
        found = os.stat(real)
    except OSError as error:
        why = (error.strerror or "").lower()
        raise _not_a_device(host_path, why) from None
    if (kind := _kind(found.st_mode)) is not None:
        nodes = [_node(container_path, kind, found)]
    elif stat.S_ISDIR(found.st_mode):
        nodes = _below(real, container_path, skip_special=False)
    else:
        raise _not_a_device(host_path, "not a device node")
    if not nodes:
        raise _not_a_device(host_path, "not a device node")
    rules = [DeviceRule(kind=n.kind, major=n.major, minor=n.minor, access=access or "rwm") for n in nodes]
    return tuple(nodes), tuple(rules)


def host_devices() -> tuple[DeviceNode, ...]:
    """Every device node of the host's /dev: what a privileged container gets. Terminals are left out."""
    return tuple(_below("/dev", "/dev", skip_special=True))


def _not_a_device(path: str, why: str) -> InvalidArgument:
    return InvalidArgument(f'error gathering device information while adding custom device "{path}": {why}')


def _kind(mode: int) -> str | None:
    if stat.S_ISCHR(mode):
        return "c"
    return "b" if stat.S_ISBLK(mode) else None


def _node(path: str, kind: str, found: os.stat_result) -> DeviceNode:
    return DeviceNode(
        path=path,
        kind=kind,
        major=os.major(found.st_rdev),
        minor=os.minor(found.st_rdev),
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
    )


def _below(directory: str, shown_as: str, *, skip_special: bool) -> list[DeviceNode]:
    nodes: list[DeviceNode] = []
    pending = [(directory, shown_as)]
    while pending:
        current, shown = pending.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            path = f"{shown}/{entry.name}"
            if stat.S_ISDIR(found.st_mode):
                if not (skip_special and entry.name in _PRIVILEGED_SKIP):
                    pending.append((entry.path, path))
            elif skip_special and entry.name in _PRIVILEGED_SKIP_FILES:
                continue
            elif (kind := _kind(found.st_mode)) is not None:
                nodes.append(_node(path, kind, found))
    return nodes


def parse_device_rule(text: str) -> DeviceRule:
    """One ``--device-cgroup-rule``: ``c 42:* rmw``. InvalidArgument with dockerd's text otherwise."""
    words = text.split(" ")
    major, colon, minor = words[1].partition(":") if len(words) == 3 else ("", "", "")
    valid = (
        len(words) == 3
        and words[0] in ("a", "b", "c")
        and bool(colon)
        and all(part == "*" or part.isdecimal() for part in (major, minor))
        and 1 <= len(words[2]) <= 3
        and set(words[2]) <= set("rwm")
    )
    if not valid:
        raise InvalidArgument(f"invalid device cgroup rule format: '{text}'")
    return DeviceRule(
        kind=words[0],
        major=-1 if major == "*" else int(major),
        minor=-1 if minor == "*" else int(minor),
        access=words[2],
    )


def block_limit(path: str, value: int) -> BlockLimit:
    """A limit of the block device at ``path`` (``--device-read-bps`` and its kin)."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise InvalidArgument(f"stat {path}: {(error.strerror or '').lower()}") from None
    return BlockLimit(major=os.major(found.st_rdev), minor=os.minor(found.st_rdev), value=value)
