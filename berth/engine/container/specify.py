"""From a container's record to what the runtime room wants to know: every wish resolved to a value."""

import os
import socket
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from berth.base.errors import Conflict, InvalidArgument
from berth.engine.container.cgroups import cgroup_path
from berth.engine.container.record import ContainerRecord, MountPoint
from berth.engine.container.resources import runtime_devices, runtime_limits
from berth.engine.engine import Engine
from berth.kernel.rlimit import highest_hard
from berth.runtime.programs import find_init
from berth.runtime.seccomp.profile import default_profile, parse_profile, resolve_profile
from berth.runtime.spec.capabilities import resolve as resolve_capabilities
from berth.runtime.spec.environment import container_environment
from berth.runtime.spec.host import HostFacts, default_sysctls
from berth.runtime.spec.options import HOST, PRIVATE, MountSpec, Namespaces, Rlimit, SpecOptions
from berth.runtime.spec.rlimits import clamp_rlimits
from berth.runtime.spec.security import SecurityOptions, parse_security_opts
from berth.runtime.users import lookup_user


class Surroundings(NamedTuple):
    """What ``launch`` has prepared before the specification can be written."""

    rootfs: Path
    network_namespace: str
    """Path to join, or HOST."""
    mounts: tuple[MountSpec, ...]
    shm_source: str


def wanted_capabilities(engine: Engine, record: ContainerRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The container's capabilities, and warnings about those that the engine cannot give."""
    host = record.host
    return resolve_capabilities(
        host.cap_add, host.cap_drop, privileged=host.privileged, available=engine.host.capabilities
    )


def wanted_rlimits(record: ContainerRecord) -> tuple[tuple[Rlimit, ...], tuple[str, ...]]:
    """The container's ulimits cut to what this host allows, and a warning for each cut."""
    asked = [Rlimit(name=u.name, soft=u.soft, hard=u.hard) for u in record.host.ulimits]
    return clamp_rlimits(asked, highest_hard)


def spec_options(engine: Engine, record: ContainerRecord, around: Surroundings) -> SpecOptions:
    """Everything that the container's specification will say.

    Raises InvalidArgument or Conflict with Docker's texts for users, devices, namespaces that do not exist.
    """
    config, host = record.config, record.host
    user = lookup_user(around.rootfs, config.user, host.group_add)
    capabilities, _ = wanted_capabilities(engine, record)
    security = parse_security_opts(host.security_opt, no_new_privileges=engine.settings.no_new_privileges)
    devices, rules = runtime_devices(host, privileged=host.privileged)
    namespaces = _namespaces(engine, record, around.network_namespace)
    hostname = hostname_of(engine, record)
    return SpecOptions(
        container_id=record.id,
        rootfs=str(around.rootfs),
        args=(record.path, *record.args),
        env=container_environment(config.env, hostname=hostname, terminal=config.tty, home=user.home),
        cwd=config.working_dir or "/",
        user=user,
        terminal=config.tty,
        console_size=host.console_size if any(host.console_size) else None,
        hostname=hostname,
        domainname=config.domainname,
        readonly_rootfs=host.readonly_rootfs,
        namespaces=namespaces,
        mounts=around.mounts,
        shm_size=host.shm_size,
        shm_source=around.shm_source,
        init_path=_init_path(engine, record),
        privileged=host.privileged,
        capabilities=capabilities,
        no_new_privileges=security.no_new_privileges,
        writable_cgroups=security.writable_cgroups,
        apparmor_profile=_apparmor(engine.host, record, security),
        seccomp=_seccomp(engine, record, security, capabilities),
        masked_paths=host.masked_paths,
        readonly_paths=host.readonly_paths,
        devices=devices,
        device_rules=rules,
        limits=runtime_limits(host),
        rlimits=wanted_rlimits(record)[0],
        sysctls=_sysctls(record, namespaces),
        oom_score_adj=host.oom_score_adj,
        annotations=dict(host.annotations),
        cgroup_path=cgroup_path(engine, record),
    )


def hostname_of(engine: Engine, record: ContainerRecord) -> str:
    """The name that the container sees as its own: its own, that of whom it shares the network with."""
    if record.config.hostname:
        return record.config.hostname
    mode = record.host.network_mode
    if mode.startswith("container:"):
        other = engine.containers.resolve(mode.removeprefix("container:")).record
        return hostname_of(engine, other) if other.id != record.id else ""
    return socket.gethostname()


def _init_path(engine: Engine, record: ContainerRecord) -> str:
    wanted = record.host.init if record.host.init is not None else engine.settings.init
    if not wanted or record.host.pid_mode == "host":
        return ""
    return str(find_init(engine.settings.init_path))


def _apparmor(facts: HostFacts, record: ContainerRecord, security: SecurityOptions) -> str:
    """No profile of our own is loaded, so only one that was asked for is named."""
    if not facts.apparmor or record.host.privileged or security.apparmor == "unconfined":
        return ""
    return security.apparmor


def _seccomp(
    engine: Engine, record: ContainerRecord, security: SecurityOptions, capabilities: tuple[str, ...]
) -> dict[str, Any] | None:
    wanted = security.seccomp or engine.settings.seccomp_profile
    if not engine.host.seccomp:
        if security.seccomp not in ("", "unconfined"):
            raise InvalidArgument(
                "seccomp is not enabled in your kernel, cannot run a custom seccomp profile"
            )
        return None
    if wanted == "unconfined" or (record.host.privileged and not security.seccomp):
        return None
    return _resolved(wanted, capabilities, engine.host)


@lru_cache(maxsize=64)
def _resolved(wanted: str, capabilities: tuple[str, ...], facts: HostFacts) -> dict[str, Any] | None:
    """Resolving takes a few milliseconds and depends on nothing else, so it is remembered."""
    profile = default_profile() if wanted in ("", "builtin") else parse_profile(wanted)
    return resolve_profile(profile, capabilities, facts)


def _sysctls(record: ContainerRecord, namespaces: Namespaces) -> dict[str, str]:
    sysctls = default_sysctls(private_network=record.host.network_mode != "host")
    for name, value in record.host.sysctls.items():
        if name.startswith("net.") and namespaces.network == HOST:
            raise InvalidArgument(f"sysctl '{name}' not allowed in host network namespace")
        if name.startswith(("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")) and (
            namespaces.ipc == HOST
        ):
            raise InvalidArgument(f"sysctl '{name}' not allowed in host ipc namespace")
        sysctls[name] = value
    return sysctls


def _namespaces(engine: Engine, record: ContainerRecord, network: str) -> Namespaces:
    host = record.host
    return Namespaces(
        pid=_joined(engine, host.pid_mode, "pid", record),
        ipc=_joined(
            engine, "" if host.ipc_mode in ("private", "shareable") else host.ipc_mode, "ipc", record
        ),
        uts=HOST if host.uts_mode == "host" else PRIVATE,
        network=network,
        cgroup=HOST if host.cgroupns_mode == "host" else PRIVATE,
    )


def _joined(engine: Engine, mode: str, kind: str, record: ContainerRecord) -> str:
    if mode in ("", "none"):
        return mode or PRIVATE
    if mode == "host":
        return HOST
    other = engine.containers.resolve(mode.removeprefix("container:"))
    if other.id == record.id:
        raise InvalidArgument(f"cannot join the {kind} namespace of itself")
    if not other.state.running:
        raise Conflict(f"cannot join {kind} namespace of a non running container: {other.record.name}")
    return f"/proc/{other.state.pid}/ns/{kind}"


def mount_spec(point: MountPoint) -> MountSpec:
    """A resolved mount in the runtime's terms."""
    source = f"{point.source}/{point.subpath}" if point.subpath else point.source
    return MountSpec(
        kind="tmpfs" if point.kind == "tmpfs" else "bind",
        destination=point.destination,
        source=source,
        writable=point.writable,
        propagation=point.propagation,
        recursive=point.recursive,
        # Runtimes open the target of a recursive read-only mount as a directory; a file has no inner mounts.
        read_only_recursive=None if os.path.isdir(source) else False,
        options=point.options,
    )
