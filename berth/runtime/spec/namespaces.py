"""The namespaces section."""

from berth.runtime.spec.options import HOST, PRIVATE, Namespaces

_TYPES = (("network", "network"), ("uts", "uts"), ("pid", "pid"), ("ipc", "ipc"), ("cgroup", "cgroup"))


def namespace_section(wanted: Namespaces) -> list[dict[str, str]]:
    """``linux.namespaces``: a mount namespace always, the others as wanted."""
    section = [{"type": "mount"}]
    for attribute, kind in _TYPES:
        mode: str = getattr(wanted, attribute)
        if mode == HOST:
            continue
        entry = {"type": kind}
        if mode not in (PRIVATE, "none"):
            entry["path"] = mode
        section.append(entry)
    return section
