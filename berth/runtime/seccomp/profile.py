"""Seccomp profiles: conditions resolved for one container, result in the runtime specification's words.

Docker's profile format extends the specification's with conditions (``includes`` and ``excludes`` by
capability, architecture, kernel) and ``archMap``. The default policy is kept as plain facts in
``default.json`` beside this module and goes through the same code as a user's profile.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from berth.base.errors import InvalidArgument
from berth.runtime.spec.host import HostFacts

_MACHINES = {
    # uname -m: (name in conditions, libseccomp's architecture)
    "x86_64": ("amd64", "SCMP_ARCH_X86_64"),
    "i686": ("x86", "SCMP_ARCH_X86"),
    "aarch64": ("arm64", "SCMP_ARCH_AARCH64"),
    "armv7l": ("arm", "SCMP_ARCH_ARM"),
    "mips64": ("mips64", "SCMP_ARCH_MIPS64"),
    "ppc64le": ("ppc64le", "SCMP_ARCH_PPC64LE"),
    "riscv64": ("riscv64", "SCMP_ARCH_RISCV64"),
    "s390x": ("s390x", "SCMP_ARCH_S390X"),
}


class Condition(msgspec.Struct, frozen=True):
    """All given parts must hold (for ``excludes``: any). ``min_kernel`` is ``major.minor``."""

    caps: tuple[str, ...] = ()
    arches: tuple[str, ...] = ()
    min_kernel: str | None = msgspec.field(default=None, name="minKernel")


class Rule(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One group of system calls of a profile."""

    action: str
    names: tuple[str, ...] = ()
    name: str = ""
    errno_ret: int | None = None
    args: tuple[dict[str, Any], ...] | None = None
    includes: Condition | None = None
    excludes: Condition | None = None


class Architecture(msgspec.Struct, frozen=True, rename="camel"):
    """An architecture with those that its kernel runs as well."""

    architecture: str
    sub_architectures: tuple[str, ...] | None = None


class Profile(msgspec.Struct, frozen=True, rename="camel"):
    """A profile as Docker's clients send it."""

    default_action: str = ""
    default_errno_ret: int | None = None
    architectures: tuple[str, ...] | None = None
    arch_map: tuple[Architecture, ...] | None = None
    syscalls: tuple[Rule, ...] | None = None
    flags: tuple[str, ...] | None = None
    listener_path: str | None = None
    listener_metadata: str | None = None


class _DefaultRule(msgspec.Struct, frozen=True):
    syscalls: tuple[str, ...]
    errno: int | None = None
    when: Condition | None = None
    unless: Condition | None = None
    argument: tuple[dict[str, Any], ...] | None = None


class _Default(msgspec.Struct, frozen=True):
    otherwise_errno: int
    architectures: dict[str, tuple[str, ...]]
    rules: tuple[_DefaultRule, ...]
    allow: tuple[str, ...]


@cache
def default_profile() -> Profile:
    """Docker's default policy."""
    data = resources.files(__package__).joinpath("default.json").read_bytes()
    facts = msgspec.json.decode(data, type=_Default)
    rules = [Rule(action="SCMP_ACT_ALLOW", names=facts.allow)]
    rules += [
        Rule(
            action="SCMP_ACT_ALLOW" if rule.errno is None else "SCMP_ACT_ERRNO",
            names=rule.syscalls,
            errno_ret=rule.errno,
            args=rule.argument,
            includes=rule.when,
            excludes=rule.unless,
        )
        for rule in facts.rules
    ]
    return Profile(
        default_action="SCMP_ACT_ERRNO",
        default_errno_ret=facts.otherwise_errno,
        arch_map=tuple(Architecture(name, below) for name, below in facts.architectures.items()),
        syscalls=tuple(rules),
    )


def parse_profile(text: str) -> Profile:
    """A user's profile (the JSON itself, as the client sends it); InvalidArgument when it is none."""
    try:
        profile = msgspec.json.decode(text, type=Profile)
    except msgspec.DecodeError as error:
        raise InvalidArgument(f"Decoding seccomp profile failed: {error}") from None
    if profile.architectures and profile.arch_map:
        raise InvalidArgument(
            "both 'architectures' and 'archMap' are specified in the seccomp profile, "
            "use either 'architectures' or 'archMap'"
        )
    for rule in profile.syscalls or ():
        if rule.name and rule.names:
            raise InvalidArgument(
                "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'"
            )
    return profile


def resolve_profile(
    profile: Profile, capabilities: tuple[str, ...], host: HostFacts
) -> dict[str, Any] | None:
    """``linux.seccomp`` for a container with these capabilities on this host; None for an empty profile."""
    if not profile.default_action and not profile.syscalls:
        return None
    machine, native = _MACHINES.get(host.machine, (host.machine, ""))
    section: dict[str, Any] = {"defaultAction": profile.default_action}
    optional: Mapping[str, Any] = {
        "defaultErrnoRet": profile.default_errno_ret,
        "flags": profile.flags,
        "listenerPath": profile.listener_path,
        "listenerMetadata": profile.listener_metadata,
    }
    section.update((name, value) for name, value in optional.items() if value is not None)
    architectures = list(profile.architectures or ())
    for entry in profile.arch_map or ():
        if entry.architecture == native:
            architectures += [native, *(entry.sub_architectures or ())]
            break
    if architectures:
        section["architectures"] = architectures
    held = frozenset(capabilities)
    section["syscalls"] = [
        _rule_section(rule)
        for rule in profile.syscalls or ()
        if not _excluded(rule.excludes, held, machine, host.kernel)
        and _included(rule.includes, held, machine, host.kernel)
    ]
    return section


def _rule_section(rule: Rule) -> dict[str, Any]:
    section: dict[str, Any] = {"names": list(rule.names or (rule.name,)), "action": rule.action}
    if rule.errno_ret is not None:
        section["errnoRet"] = rule.errno_ret
    if rule.args:
        section["args"] = list(rule.args)
    return section


def _excluded(
    condition: Condition | None, caps: frozenset[str], machine: str, kernel: tuple[int, int]
) -> bool:
    if condition is None:
        return False
    return (
        machine in condition.arches
        or any(cap in caps for cap in condition.caps)
        or (condition.min_kernel is not None and kernel >= _version(condition.min_kernel))
    )


def _included(
    condition: Condition | None, caps: frozenset[str], machine: str, kernel: tuple[int, int]
) -> bool:
    if condition is None:
        return True
    return (
        (not condition.arches or machine in condition.arches)
        and all(cap in caps for cap in condition.caps)
        and (condition.min_kernel is None or kernel >= _version(condition.min_kernel))
    )


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise InvalidArgument(f'invalid kernel version: {text!r}, expected "<kernel>.<major>"')
    return int(major), int(minor)
