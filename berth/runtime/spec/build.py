"""``build_spec``: one container's options in, its ``config.json`` out. No file is read here."""

from typing import Any

from berth.runtime.spec.mounts import INIT_DESTINATION, mount_section, root_propagation
from berth.runtime.spec.namespaces import namespace_section
from berth.runtime.spec.options import PRIVATE, DeviceNode, SpecOptions, UserIds
from berth.runtime.spec.paths import READONLY, default_masked_paths
from berth.runtime.spec.resources import limit_section, rule_section
from berth.runtime.spec.rlimits import rlimit_section

_OCI_VERSION = "1.0.2"

_RESERVED_ANNOTATIONS = ("run.oci.seccomp", "run.oci.hooks.", "org.opencontainers.runc.")
"""These make the runtime write files of the host or replace the seccomp filter: not for callers to set."""


def build_spec(options: SpecOptions, *, recursive_read_only: bool = False) -> dict[str, Any]:
    """The runtime specification of one container.

    ``recursive_read_only``: kernel (5.12) and runtime know ``rro`` mounts. Raises InvalidArgument where the
    options contradict themselves or the host.
    """
    spec: dict[str, Any] = {
        "ociVersion": _OCI_VERSION,
        "process": _process(options),
        "root": {"path": options.rootfs, "readonly": options.readonly_rootfs},
        "mounts": mount_section(options, recursive_read_only=recursive_read_only),
        "linux": _linux(options),
    }
    if options.namespaces.uts == PRIVATE and options.hostname:
        spec["hostname"] = options.hostname
    annotations = {k: v for k, v in options.annotations.items() if not k.startswith(_RESERVED_ANNOTATIONS)}
    if annotations:
        spec["annotations"] = annotations
    if options.hooks:
        spec["hooks"] = options.hooks
    return spec


def process_section(
    args: tuple[str, ...],
    env: tuple[str, ...],
    cwd: str,
    user: UserIds,
    capabilities: tuple[str, ...],
) -> dict[str, Any]:
    """The part of ``process`` that a container's command and an exec session have in common."""
    return {
        "user": {
            "uid": user.uid,
            "gid": user.gid,
            "additionalGids": list(dict.fromkeys((user.gid, *user.groups))),
        },
        "args": list(args),
        "env": list(env),
        "cwd": cwd or "/",
        "capabilities": {
            "bounding": list(capabilities),
            "effective": list(capabilities),
            "permitted": list(capabilities),
        },
    }


def console_size(size: tuple[int, int] | None) -> dict[str, int] | None:
    """``consoleSize`` from (rows, columns); None when neither is known."""
    return {"height": size[0], "width": size[1]} if size and any(size) else None


def _process(options: SpecOptions) -> dict[str, Any]:
    args = options.args
    if options.init_path:
        args = (INIT_DESTINATION, "--", *args)
    process = process_section(args, options.env, options.cwd, options.user, options.capabilities)
    process["noNewPrivileges"] = options.no_new_privileges
    process["oomScoreAdj"] = options.oom_score_adj
    if options.terminal:
        process["terminal"] = True
        if (size := console_size(options.console_size)) is not None:
            process["consoleSize"] = size
    if options.rlimits:
        process["rlimits"] = rlimit_section(options.rlimits)
    if options.apparmor_profile:
        process["apparmorProfile"] = options.apparmor_profile
    return process


def _linux(options: SpecOptions) -> dict[str, Any]:
    resources = limit_section(options.limits)
    resources["devices"] = rule_section(options.device_rules, privileged=options.privileged)
    linux: dict[str, Any] = {
        "namespaces": namespace_section(options.namespaces),
        "resources": resources,
        "cgroupsPath": options.cgroup_path,
        "devices": [_device(device) for device in options.devices],
    }
    sysctls = dict(options.sysctls)
    if options.domainname and options.namespaces.uts == PRIVATE:
        # Runtimes older than specification 1.1 have no word for it; the sysctl does the same.
        sysctls.setdefault("kernel.domainname", options.domainname)
    if sysctls:
        linux["sysctl"] = sysctls
    linux["maskedPaths"], linux["readonlyPaths"] = _guarded_paths(options)
    if (propagation := root_propagation(options.mounts)) != "":
        linux["rootfsPropagation"] = propagation
    if options.seccomp is not None:
        linux["seccomp"] = options.seccomp
    return linux


def _guarded_paths(options: SpecOptions) -> tuple[list[str], list[str]]:
    masked, readonly = options.masked_paths, options.readonly_paths
    if masked is None:
        masked = () if options.privileged else default_masked_paths()
    if readonly is None:
        readonly = () if options.privileged else READONLY
    return list(masked), list(readonly)


def _device(device: DeviceNode) -> dict[str, Any]:
    return {
        "path": device.path,
        "type": device.kind,
        "major": device.major,
        "minor": device.minor,
        "fileMode": device.mode,
        "uid": device.uid,
        "gid": device.gid,
    }
