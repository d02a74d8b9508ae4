"""Which capabilities a container gets: Docker's default set, tuned by add and drop, cut to what we have."""

from collections.abc import Sequence

from berth.base.errors import InvalidArgument
from berth.kernel.capabilities import CAPABILITIES

DEFAULT = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE",
)  # fmt: skip
"""Docker's set for containers that ask for nothing."""

_ALL = "ALL"
_KNOWN = frozenset(CAPABILITIES)


def normalize(names: Sequence[str]) -> tuple[str, ...]:
    """Upper case with the CAP_ prefix; ``ALL`` stays. InvalidArgument (dockerd's text) for unknown ones."""
    normalized = []
    for given in names:
        name = given.upper()
        if name != _ALL:
            name = name if name.startswith("CAP_") else f"CAP_{name}"
            if name not in _KNOWN:
                raise InvalidArgument(f'unknown capability: "{name}"')
        normalized.append(name)
    return tuple(dict.fromkeys(normalized))


def resolve(
    add: Sequence[str], drop: Sequence[str], *, privileged: bool, available: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The container's capabilities, and warnings about those asked for that the daemon itself lacks.

    ``available`` is the daemon's bounding set: more than that the kernel gives to nobody below it. dockerd
    refuses such a container; here it starts with what there is and says so.
    """
    added, dropped = normalize(add), normalize(drop)
    if privileged:
        wanted: tuple[str, ...] = tuple(c for c in CAPABILITIES if c in available)
    elif _ALL in added:
        wanted = tuple(c for c in CAPABILITIES if c in available and c not in dropped)
    elif _ALL in dropped:
        wanted = added
    else:
        kept = tuple(c for c in DEFAULT if c not in dropped)
        wanted = tuple(dict.fromkeys(kept + added))
    missing = [c for c in wanted if c not in available]
    warnings = tuple(
        f"capability {c} is not available to the engine itself on this host. It was left out."
        for c in missing
        if c in added
    )
    return tuple(c for c in wanted if c in available), warnings
