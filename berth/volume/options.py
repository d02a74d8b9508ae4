"""The options of Docker's local driver, ``type``, ``device``, ``o`` and ``size``, and the mount they mean."""

import ipaddress
import socket
from collections.abc import Mapping
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.base.units import parse_size
from berth.kernel.mount import (
    MS_BIND,
    MS_NOATIME,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_RELATIME,
    MS_REMOUNT,
    MS_SHARED,
    MS_SLAVE,
    MS_UNBINDABLE,
)

_KNOWN = ("type", "o", "device", "size")
_NEEDS = {"device": ("type",), "type": ("device",), "o": ("device", "type")}
_NETWORK_TYPES = ("nfs", "nfs3", "nfs4", "cifs")

# From <linux/mount.h>; only mount options name them, so they live here.
_MS_SYNCHRONOUS, _MS_DIRSYNC, _MS_NODIRATIME = 16, 128, 2048
_MS_MANDLOCK, _MS_STRICTATIME = 64, 1 << 24

# word: (flag, whether the word sets it)
_FLAGS = {
    "defaults": (0, True),
    "ro": (MS_RDONLY, True), "rw": (MS_RDONLY, False),
    "nosuid": (MS_NOSUID, True), "suid": (MS_NOSUID, False),
    "nodev": (MS_NODEV, True), "dev": (MS_NODEV, False),
    "noexec": (MS_NOEXEC, True), "exec": (MS_NOEXEC, False),
    "sync": (_MS_SYNCHRONOUS, True), "async": (_MS_SYNCHRONOUS, False),
    "dirsync": (_MS_DIRSYNC, True),
    "mand": (_MS_MANDLOCK, True), "nomand": (_MS_MANDLOCK, False),
    "remount": (MS_REMOUNT, True),
    "noatime": (MS_NOATIME, True), "atime": (MS_NOATIME, False),
    "nodiratime": (_MS_NODIRATIME, True), "diratime": (_MS_NODIRATIME, False),
    "relatime": (MS_RELATIME, True), "norelatime": (MS_RELATIME, False),
    "strictatime": (_MS_STRICTATIME, True), "nostrictatime": (_MS_STRICTATIME, False),
    "bind": (MS_BIND, True), "rbind": (MS_BIND | MS_REC, True),
}  # fmt: skip
_PROPAGATION = {
    "private": MS_PRIVATE, "rprivate": MS_PRIVATE | MS_REC,
    "shared": MS_SHARED, "rshared": MS_SHARED | MS_REC,
    "slave": MS_SLAVE, "rslave": MS_SLAVE | MS_REC,
    "unbindable": MS_UNBINDABLE, "runbindable": MS_UNBINDABLE | MS_REC,
}  # fmt: skip


class MountPlan(NamedTuple):
    """One mount(2), and the propagation to set afterwards (0: leave it)."""

    source: str
    fstype: str
    flags: int
    data: str
    propagation: int


def check_driver_options(name: str, options: Mapping[str, str]) -> None:
    """Raise InvalidArgument, in the words of Docker's local driver, when ``options`` cannot be used."""
    if options.get("size"):
        try:
            parse_size(options["size"])
        except InvalidArgument as error:
            raise InvalidArgument(f"create {name}: {error}") from error
        raise InvalidArgument(f"create {name}: quota size requested but no quota support")
    for option, needed in _NEEDS.items():
        for other in needed:
            if option in options and other not in options:
                raise InvalidArgument(f'create {name}: missing required option: "{other}"')
    for option in options:
        if option not in _KNOWN:
            raise InvalidArgument(f'create {name}: invalid option: "{option}"')


def plan_mount(options: Mapping[str, str]) -> MountPlan | None:
    """What to mount on the volume's directory; None for a plain directory."""
    if not options.get("device") and not options.get("type"):
        return None
    flags = propagation = 0
    data = []
    for word in options.get("o", "").split(","):
        if word in _FLAGS:
            flag, sets = _FLAGS[word]
            flags = flags | flag if sets else flags & ~flag
        elif word in _PROPAGATION:
            propagation = _PROPAGATION[word]
        elif word:
            data.append(word)
    fstype = options.get("type", "")
    return MountPlan(options.get("device", ""), fstype, flags, ",".join(data), propagation)


def resolve_address(plan: MountPlan) -> MountPlan:
    """The kernel's network file systems want ``addr=`` as a number: look a name up. May wait for DNS.

    Raises OSError when the name does not resolve.
    """
    if plan.fstype not in _NETWORK_TYPES:
        return plan
    words = plan.data.split(",")
    for index, word in enumerate(words):
        key, _, value = word.partition("=")
        if key == "addr" and value and not _is_address(value):
            found = socket.getaddrinfo(value, None, type=socket.SOCK_STREAM)
            words[index] = f"addr={found[0][4][0]}"
    return plan._replace(data=",".join(words))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def describe_mount(plan: MountPlan, target: str) -> str:
    """The mount as Docker's error texts write it, without secrets."""
    text = f"mount {plan.source}:{target}"
    if plan.flags:
        text += f", flags: {plan.flags:#x}"
    shown = ",".join("password=********" if w.startswith("password=") else w for w in plan.data.split(","))
    return f"{text}, data: {shown}" if shown else text
