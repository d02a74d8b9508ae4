"""The environment of a container's process and of exec sessions (dockerd's CreateDaemonEnvironment)."""

from collections.abc import Sequence

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def container_environment(
    configured: Sequence[str], *, hostname: str, terminal: bool, home: str = ""
) -> tuple[str, ...]:
    """PATH, HOSTNAME and with a terminal TERM, replaced or followed by what was configured, and HOME last.

    A configured word without ``=`` removes the variable. HOME comes from the user's passwd entry unless it
    was configured; ``/`` when there is none, as runc does.
    """
    defaults = [f"PATH={DEFAULT_PATH}", f"HOSTNAME={hostname}"]
    if terminal:
        defaults.append("TERM=xterm")
    merged = override(defaults, configured)
    if not any(item.startswith("HOME=") for item in merged):
        merged += (f"HOME={home or '/'}",)
    return merged


def override(base: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """``base`` with each variable of ``given`` replaced in place or appended; a bare name removes one."""
    values: dict[str, str | None] = {item.partition("=")[0]: item for item in base}
    for item in given:
        name, equals, _ = item.partition("=")
        if equals:
            values[name] = item
        elif name in values:
            values[name] = None
    return tuple(item for item in values.values() if item is not None)
