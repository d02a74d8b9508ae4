"""From parsed flags to the body of ``POST /containers/create``, field for field as Docker's client does."""

from berth.base.errors import InvalidArgument
from berth.cli.container.spec import networks, ports
from berth.cli.container.spec.files import as_map, read_pairs
from berth.cli.container.spec.mounts import is_cdi_name, parse_device, split_volumes
from berth.cli.container.spec.numbers import is_mac, parse_plain_int
from berth.cli.container.spec.security import security_options

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from berth.cli.config import ConfigFile
    from berth.cli.flags import Options

_PROXIES = {
    "HTTP_PROXY": "httpProxy", "HTTPS_PROXY": "httpsProxy", "NO_PROXY": "noProxy", "FTP_PROXY": "ftpProxy",
    "ALL_PROXY": "allProxy",
}  # fmt: skip


class Spec:
    """The request in its three parts; ``config``'s fields stand at the top of the body."""

    __slots__ = ("config", "host", "networking")

    def __init__(
        self, config: "dict[str, Any]", host: "dict[str, Any]", networking: "dict[str, Any]"
    ) -> None:
        self.config = config
        self.host = host
        self.networking = networking

    def body(self) -> "dict[str, Any]":
        """The JSON object to send."""
        networking = {"EndpointsConfig": self.networking}
        return {**self.config, "HostConfig": self.host, "NetworkingConfig": networking}


def build_spec(options: "Options", env: "Mapping[str, str]", config: "ConfigFile", daemon: str) -> Spec:
    """Check what the client checks and lay out the request; InvalidArgument in Docker's words."""
    if options.mac_address and not is_mac(options.mac_address):
        raise InvalidArgument(f"{options.mac_address} is not a valid mac address")
    if options.memory_swappiness != -1 and not 0 <= options.memory_swappiness <= 100:
        value = options.memory_swappiness
        raise InvalidArgument(f"invalid value: {value}. Valid memory swappiness range is 0-100")
    binds, anonymous = split_volumes(options.volume)
    exposed, bindings = ports.publish(options.publish)
    ports.expose(options.expose, exposed)
    devices, requests = _devices(options)
    variables = _environment(options, env, proxy_environment(config, daemon))
    labels = [pair for path in options.label_file for pair in read_pairs(path, None)] + options.label
    _check_modes(options)
    restart = restart_policy(options.restart)
    log_options = _log_options(options)
    security, masked, read_only = security_options(options.security_opt)
    storage = _storage_options(options.storage_opt)
    health = _health(options)
    if options.rm and restart["Name"] not in ("", "no"):
        raise InvalidArgument("conflicting options: cannot specify both --restart and --rm")
    endpoints = networks.endpoints(options)
    host = _host_config(options)
    host |= {
        "Binds": binds or None, "PortBindings": bindings, "RestartPolicy": restart,
        "SecurityOpt": security, "Devices": devices, "DeviceRequests": requests,
        "LogConfig": {"Type": options.log_driver, "Config": log_options},
        "MaskedPaths": masked, "ReadonlyPaths": read_only,
    }  # fmt: skip
    if storage:
        host["StorageOpt"] = storage
    top = _config(options)
    top |= {"Env": variables or None, "Labels": as_map(labels), "Volumes": anonymous}
    if exposed:
        top["ExposedPorts"] = exposed
    if health is not None:
        top["Healthcheck"] = health
    mode = host["NetworkMode"]
    top["MacAddress"] = endpoints[mode]["MacAddress"] if mode in endpoints else options.mac_address
    return Spec(top, host, endpoints)


def _config(options: "Options") -> "dict[str, Any]":
    attach = options.attach
    stdin = options.interactive or "stdin" in attach
    entrypoint = None
    if options.changed("entrypoint"):
        entrypoint = [options.entrypoint]
    config = {
        "Hostname": options.hostname,
        "Domainname": options.domainname,
        "User": options.user,
        "AttachStdin": stdin,
        "AttachStdout": not attach or "stdout" in attach,
        "AttachStderr": not attach or "stderr" in attach,
        "Tty": options.tty,
        "OpenStdin": options.interactive,
        "StdinOnce": options.interactive and stdin,
        "Cmd": options.args[1:] or None,
        "Image": options.args[0],
        "WorkingDir": options.workdir,
        "Entrypoint": entrypoint,
        "OnBuild": None,
    }
    if options.stop_signal:
        config["StopSignal"] = options.stop_signal
    if options.changed("stop_timeout"):
        config["StopTimeout"] = options.stop_timeout
    return config


def _host_config(options: "Options") -> "dict[str, Any]":
    tmpfs = {path: rest for path, _, rest in (value.partition(":") for value in options.tmpfs)}
    host = {
        "ContainerIDFile": options.cidfile,
        "NetworkMode": networks.network_mode(options),
        "AutoRemove": options.rm,
        "VolumeDriver": options.volume_driver,
        "VolumesFrom": options.volumes_from or None,
        "ConsoleSize": [0, 0],
        "CapAdd": _capabilities(options.cap_add),
        "CapDrop": _capabilities(options.cap_drop),
        "CgroupnsMode": options.cgroupns,
        "Dns": options.dns,
        "DnsOptions": options.dns_option,
        "DnsSearch": options.dns_search,
        "ExtraHosts": options.add_host or None,
        "GroupAdd": options.group_add or None,
        "IpcMode": options.ipc,
        "Cgroup": "",
        "Links": options.link or None,
        "OomScoreAdj": options.oom_score_adj,
        "PidMode": options.pid,
        "Privileged": options.privileged,
        "PublishAllPorts": options.publish_all,
        "ReadonlyRootfs": options.read_only,
        "UTSMode": options.uts,
        "UsernsMode": options.userns,
        "ShmSize": options.shm_size,
        "Isolation": options.isolation,
        **_resources(options),
    }
    optional = {
        "Annotations": as_map(options.annotation),
        "Tmpfs": tmpfs,
        "Sysctls": as_map(options.sysctl),
        "Runtime": options.runtime,
        "Mounts": options.mount,
        "KernelMemory": options.kernel_memory,
    }
    host |= {name: value for name, value in optional.items() if value}
    if options.changed("init"):
        host["Init"] = options.init
    return host


def _resources(options: "Options") -> "dict[str, Any]":
    return {
        "CpuShares": options.cpu_shares,
        "Memory": options.memory,
        "NanoCpus": options.cpus,
        "CgroupParent": options.cgroup_parent,
        "BlkioWeight": options.blkio_weight,
        "BlkioWeightDevice": options.blkio_weight_device,
        "BlkioDeviceReadBps": options.device_read_bps,
        "BlkioDeviceWriteBps": options.device_write_bps,
        "BlkioDeviceReadIOps": options.device_read_iops,
        "BlkioDeviceWriteIOps": options.device_write_iops,
        "CpuPeriod": options.cpu_period,
        "CpuQuota": options.cpu_quota,
        "CpuRealtimePeriod": options.cpu_rt_period,
        "CpuRealtimeRuntime": options.cpu_rt_runtime,
        "CpusetCpus": options.cpuset_cpus,
        "CpusetMems": options.cpuset_mems,
        "DeviceCgroupRules": options.device_cgroup_rule or None,
        "MemoryReservation": options.memory_reservation,
        "MemorySwap": options.memory_swap,
        "MemorySwappiness": options.memory_swappiness,
        "OomKillDisable": options.oom_kill_disable,
        "PidsLimit": options.pids_limit,
        "Ulimits": _ulimits(options.ulimit),
        "CpuCount": options.cpu_count,
        "CpuPercent": options.cpu_percent,
        "IOMaximumIOps": options.io_maxiops,
        "IOMaximumBandwidth": options.io_maxbandwidth,
    }


def _ulimits(limits: "list[dict[str, Any]]") -> "list[dict[str, Any]]":
    """One limit for each name, the last one given, in the order of names."""
    by_name = {limit["Name"]: limit for limit in limits}
    return [by_name[name] for name in sorted(by_name)]


def _capabilities(names: list[str]) -> list[str] | None:
    """Upper case with CAP_ in front, each once, in order; ALL stays ALL."""
    upper = {name.upper() for name in names}
    full = {name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}" for name in upper}
    return sorted(full) or None


def _devices(options: "Options") -> "tuple[list[dict[str, str]], list[dict[str, Any]] | None]":
    """Device nodes, and requests for devices (GPUs, names of the Container Device Interface)."""
    requests = list(options.gpus)
    names = [name for name in options.device if is_cdi_name(name)]
    if names:
        requests.append(
            {"Driver": "cdi", "Count": 0, "DeviceIDs": names, "Capabilities": None, "Options": None}
        )
    nodes = [parse_device(device) for device in options.device if device not in names]
    return nodes, requests or None


def _environment(options: "Options", env: "Mapping[str, str]", proxies: dict[str, str]) -> list[str]:
    """Files first, then ``--env``, then the proxies of the configuration that nobody set.

    A name without a value takes the client's; without one there it goes as a bare name, which removes the
    image's variable.
    """
    given: dict[str, str] = {}
    for text in options.env:
        name, equals, _ = text.partition("=")
        given[name] = text if equals or name not in env else f"{name}={env[name]}"
    for name, value in proxies.items():
        given.setdefault(name, f"{name}={value}")
    return [pair for path in options.env_file for pair in read_pairs(path, env)] + list(given.values())


def proxy_environment(config: "ConfigFile", daemon: str) -> dict[str, str]:
    """The variables of the proxies that config.json sets for a daemon, in both spellings."""
    proxies = config.mapping("proxies")
    chosen = proxies.get(daemon) or proxies.get("default")
    found: dict[str, str] = {}
    if isinstance(chosen, dict):
        for name, key in _PROXIES.items():
            if chosen.get(key):
                found[name] = found[name.lower()] = str(chosen[key])
    return found


def _check_modes(options: "Options") -> None:
    pid = options.pid
    if pid not in ("", "host") and not (pid.startswith("container:") and len(pid) > len("container:")):
        raise InvalidArgument("--pid: invalid PID mode")
    if options.uts not in ("", "host"):
        raise InvalidArgument("--uts: invalid UTS mode")
    if options.userns not in ("", "host"):
        raise InvalidArgument("--userns: invalid USER mode")
    if options.cgroupns not in ("", "host", "private"):
        raise InvalidArgument("--cgroupns: invalid CGROUP mode")


def restart_policy(text: str) -> "dict[str, Any]":
    """``name[:retries]``; whether the name is one is the engine's to say."""
    name, colon, count = text.partition(":")
    if colon and not name:
        raise InvalidArgument("invalid restart policy format: no policy provided before colon")
    retries = 0
    if count:
        try:
            retries = parse_plain_int(count)
        except InvalidArgument:
            problem = "invalid restart policy format: maximum retry count must be an integer"
            raise InvalidArgument(problem) from None
    return {"Name": name, "MaximumRetryCount": retries}


def _log_options(options: "Options") -> dict[str, str]:
    if options.log_driver == "none" and options.log_opt:
        raise InvalidArgument(f"invalid logging opts for driver {options.log_driver}")
    return as_map(options.log_opt)


def _storage_options(pairs: list[str]) -> dict[str, str]:
    if not all("=" in pair for pair in pairs):
        raise InvalidArgument("invalid storage option")
    return as_map(pairs)


def _health(options: "Options") -> "dict[str, Any] | None":
    fields = {
        "Interval": options.health_interval, "Timeout": options.health_timeout,
        "StartPeriod": options.health_start_period, "StartInterval": options.health_start_interval,
        "Retries": options.health_retries,
    }  # fmt: skip
    if not options.health_cmd and not any(fields.values()):
        return {"Test": ["NONE"]} if options.no_healthcheck else None
    if options.no_healthcheck:
        raise InvalidArgument("--no-healthcheck conflicts with --health-* options")
    words = {
        "Interval": "interval", "Timeout": "timeout", "Retries": "retries", "StartPeriod": "start-period",
        "StartInterval": "start-interval",
    }  # fmt: skip
    for name, word in words.items():
        if fields[name] < 0:
            raise InvalidArgument(f"--health-{word} cannot be negative")
    health = {name: value for name, value in fields.items() if value}
    if options.health_cmd:
        health["Test"] = ["CMD-SHELL", options.health_cmd]
    return health
