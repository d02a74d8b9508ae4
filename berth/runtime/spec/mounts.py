"""The mounts section: Docker's default mounts, replaced or followed by what was asked for."""

from collections.abc import Iterable
from typing import Any

from berth.base.errors import InvalidArgument
from berth.runtime.spec.options import MountSpec, SpecOptions

INIT_DESTINATION = "/sbin/docker-init"

_SAFE = ("nosuid", "noexec", "nodev")
_KEEP_WRITABLE = frozenset(("/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"))
_SHARED = frozenset(("shared", "rshared"))
_SLAVE = frozenset(("slave", "rslave"))

# Flags of a tmpfs in pairs of opposites: the one named last counts.
_OPPOSITES = (
    ("ro", "rw"), ("suid", "nosuid"), ("dev", "nodev"), ("exec", "noexec"), ("sync", "async"),
    ("dirsync", "async"), ("mand", "nomand"), ("atime", "noatime"), ("diratime", "nodiratime"),
    ("bind", "rbind"), ("relatime", "norelatime"), ("strictatime", "nostrictatime"),
)  # fmt: skip
_PROPAGATIONS = frozenset(
    ("private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable")
)
_FLAGS = (
    frozenset(flag for pair in _OPPOSITES for flag in pair) | _PROPAGATIONS | {"inode32", "inode64", "noswap"}
)
_KEYS = frozenset(("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol", "huge"))


def mount_section(options: SpecOptions, *, recursive_read_only: bool) -> list[dict[str, Any]]:
    """``mounts`` in the order in which the runtime makes them: parents before what lies in them."""
    asked = sorted(options.mounts, key=lambda m: m.destination.rstrip("/").count("/"))
    taken = {mount.destination for mount in asked}
    section = [m for m in _defaults(options) if not _overridden(m["destination"], taken)]
    section += [_asked(m, recursive_read_only=recursive_read_only) for m in asked]
    if options.readonly_rootfs:
        for mount in section:
            where = mount["destination"]
            if where not in _KEEP_WRITABLE and where not in taken and "ro" not in mount["options"]:
                mount["options"].append("ro")
    if options.init_path:
        section.append(
            {
                "destination": INIT_DESTINATION,
                "type": "bind",
                "source": options.init_path,
                "options": ["bind", "ro"],
            }
        )
    return section


def root_propagation(mounts: Iterable[MountSpec]) -> str:
    """``linux.rootfsPropagation``: what the most open mount needs, empty for the default."""
    kinds = {mount.propagation for mount in mounts}
    if kinds & _SHARED:
        return "shared"
    return "rslave" if kinds & _SLAVE else ""


def _overridden(destination: str, taken: set[str]) -> bool:
    """A default mount gives way to one at its place; all of /dev goes when /dev itself was asked for."""
    return destination in taken or ("/dev" in taken and destination.startswith("/dev/"))


def _defaults(options: SpecOptions) -> list[dict[str, Any]]:
    sys_options = [*_SAFE] if options.privileged else [*_SAFE, "ro"]
    writable = options.privileged if options.writable_cgroups is None else options.writable_cgroups
    cgroup_options = [*_SAFE] if writable else ["ro", *_SAFE]
    mounts = [
        _default("/proc", "proc", "proc", [*_SAFE]),
        _default("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        _default(
            "/dev/pts",
            "devpts",
            "devpts",
            ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        ),
        _default("/sys", "sysfs", "sysfs", sys_options),
        _default("/sys/fs/cgroup", "cgroup", "cgroup", cgroup_options),
        _default("/dev/mqueue", "mqueue", "mqueue", [*_SAFE]),
    ]
    if options.shm_source:
        mounts.append(_default("/dev/shm", "bind", options.shm_source, ["rbind", "rprivate"]))
    elif options.namespaces.ipc != "none":
        words = [*_SAFE, "mode=1777", f"size={options.shm_size}"]
        mounts.append(_default("/dev/shm", "tmpfs", "shm", words))
    return mounts


def _default(destination: str, kind: str, source: str, words: list[str]) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": words}


def _asked(mount: MountSpec, *, recursive_read_only: bool) -> dict[str, Any]:
    if mount.kind == "tmpfs":
        words = tmpfs_options([*_SAFE[::-1], "rprivate", *mount.options])
        return _default(mount.destination, "tmpfs", "tmpfs", words)
    words = ["rbind" if mount.recursive else "bind"]
    if not mount.writable:
        words.append(_read_only(mount, recursive_read_only=recursive_read_only))
    if mount.propagation:
        words.append(mount.propagation)
    return _default(mount.destination, "bind", mount.source, words)


def _read_only(mount: MountSpec, *, recursive_read_only: bool) -> str:
    if mount.read_only_recursive and not recursive_read_only:
        raise InvalidArgument(
            "rro is not supported: this kernel or OCI runtime cannot make inner mounts read-only"
        )
    return "rro" if recursive_read_only and mount.read_only_recursive is not False else "ro"


def tmpfs_options(words: Iterable[str]) -> list[str]:
    """Merge options of a tmpfs as Docker does: of opposites and of equal keys the last one counts.

    InvalidArgument for a word that is neither a mount flag nor an option of tmpfs(5).
    """
    chosen: dict[str, str] = {}
    for word in words:
        key, equals, _ = word.partition("=")
        if not word or word == "defaults":
            continue
        if not (key in _KEYS if equals else word in _FLAGS):
            raise InvalidArgument(f'invalid tmpfs option "{word}"')
        group = "propagation" if word in _PROPAGATIONS else _group(word) if not equals else key
        chosen.pop(group, None)
        chosen[group] = word
    return list(chosen.values())


def _group(flag: str) -> str:
    for pair in _OPPOSITES:
        if flag in pair:
            return pair[1]
    return flag
