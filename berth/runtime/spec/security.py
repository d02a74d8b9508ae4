"""``--security-opt``: words to decisions (moby's parseSecurityOpt)."""

import msgspec

from berth.base.errors import InvalidArgument

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))


class SecurityOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``seccomp`` is empty (the default), ``unconfined``, ``builtin`` or a profile's JSON; ``apparmor`` a
    profile's name; ``writable_cgroups`` None when nobody said."""

    seccomp: str = ""
    apparmor: str = ""
    no_new_privileges: bool = False
    writable_cgroups: bool | None = None
    labels: tuple[str, ...] = ()


def parse_security_opts(options: tuple[str, ...], *, no_new_privileges: bool = False) -> SecurityOptions:
    """Read the options of a container; InvalidArgument with dockerd's text for unknown ones.

    ``no_new_privileges`` is the daemon's default, which an option can turn off as well as on.
    """
    values: dict[str, str] = {}
    flags: dict[str, bool] = {"no-new-privileges": no_new_privileges}
    labels: list[str] = []
    for option in options:
        if option in ("no-new-privileges", "writable-cgroups"):
            flags[option] = True
            continue
        if option == "disable":
            labels.append(option)
            continue
        separator = "=" if "=" in option else ":"
        name, found, value = option.partition(separator)
        if not found:
            raise InvalidArgument(f'invalid --security-opt 1: "{option}"')
        if name == "label":
            labels.append(value)
        elif name in ("apparmor", "seccomp"):
            values[name] = value
        elif name in ("no-new-privileges", "writable-cgroups"):
            flags[name] = _boolean(name, value)
        else:
            raise InvalidArgument(f'invalid --security-opt 2: "{option}"')
    return SecurityOptions(
        seccomp=values.get("seccomp", ""),
        apparmor=values.get("apparmor", ""),
        no_new_privileges=flags["no-new-privileges"],
        writable_cgroups=flags.get("writable-cgroups"),
        labels=tuple(labels),
    )


def _boolean(name: str, value: str) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise InvalidArgument(f'invalid --security-opt 2: "{name}={value}"')
