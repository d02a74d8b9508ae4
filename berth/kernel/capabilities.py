"""Capability names and which of them this process has (capabilities(7))."""

CAPABILITIES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
    "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
    "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
    "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)  # fmt: skip
"""In the order of their numbers in ``<linux/capability.h>``."""


def names(mask: int) -> frozenset[str]:
    """The known capabilities in a bit mask; bits that a newer kernel added have no name here."""
    return frozenset(name for number, name in enumerate(CAPABILITIES) if mask >> number & 1)


def _status_mask(field: str) -> int:
    with open("/proc/thread-self/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key == field:
                return int(value, 16)
    return 0


def bounding_capabilities() -> frozenset[str]:
    """What this process and everything it starts can ever have."""
    return names(_status_mask("CapBnd"))


def effective_capabilities() -> frozenset[str]:
    """What this process may do now."""
    return names(_status_mask("CapEff"))
