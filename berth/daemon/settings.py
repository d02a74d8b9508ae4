"""From configuration values to the engine's and the networks' settings."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berth import __version__
from berth.base.errors import InvalidArgument
from berth.daemon.build_settings import build_rules, is_entitled
from berth.daemon.config import Config
from berth.engine.settings import RuntimeChoice, Settings
from berth.engine.spec.host import LogConfig
from berth.network.records import NetworkConfig
from berth.registry.settings import Proxies, RegistrySettings


def make_settings(config: Config, data_root: Path, exec_root: Path) -> Settings:
    """The engine's settings; InvalidArgument for values that make no sense together."""
    return Settings(
        data_root=data_root,
        exec_root=exec_root,
        default_runtime=config["default-runtime"],
        runtimes={name: _runtime(name, entry) for name, entry in config["runtimes"].items()},
        log_config=LogConfig(type=config["log-driver"], config=dict(config["log-opts"])),
        default_ulimits=dict(config["default-ulimits"]),
        default_shm_size=config["default-shm-size"],
        default_ipc_mode=_one_of(config, "default-ipc-mode", ("private", "shareable")),
        default_cgroupns_mode=_one_of(config, "default-cgroupns-mode", ("", "private", "host")),
        cgroup_parent=config["cgroup-parent"],
        init=config["init"],
        init_path=config["init-path"],
        no_new_privileges=config["no-new-privileges"],
        seccomp_profile=_profile(config["seccomp-profile"]),
        dns=tuple(config["dns"]),
        dns_options=tuple(config["dns-opts"]),
        dns_search=tuple(config["dns-search"]),
        labels=tuple(config["labels"]),
        debug=config["debug"],
        shutdown_timeout_s=config["shutdown-timeout"],
        stop_containers_on_exit=not config["live-restore"],
        insecure_registries=tuple(config["insecure-registries"]),
        registry_mirrors=tuple(config["registry-mirrors"]),
        layer_form=_one_of(config, "layer-form", ("auto", "erofs", "directory")),
        experimental=config["experimental"],
        build_insecure=is_entitled(config["builder"], "security-insecure"),
        build_rules=build_rules(config["builder"]),
    )


def make_registry_settings(config: Config, environment: Mapping[str, str]) -> RegistrySettings:
    """How registries are reached.

    Proxies come from flags, from ``proxies`` in the file, or from the environment in either spelling, as with
    dockerd. InvalidArgument for one that is no text.
    """
    from_file = config["proxies"]

    def proxy(name: str) -> str:
        key = name.lower().replace("_", "-")
        given = config[key] or from_file.get(key) or environment.get(name) or environment.get(name.lower())
        if not isinstance(given or "", str):
            raise InvalidArgument(f"invalid proxies: {key} must be a text")
        return str(given or "")

    return RegistrySettings(
        insecure=tuple(config["insecure-registries"]),
        mirrors=tuple(config["registry-mirrors"]),
        proxies=Proxies(http=proxy("HTTP_PROXY"), https=proxy("HTTPS_PROXY"), exceptions=proxy("NO_PROXY")),
        user_agent=f"berth/{__version__} ({sys.platform})",
    )


def _runtime(name: str, entry: dict[str, Any]) -> RuntimeChoice:
    if entry["type"]:
        raise InvalidArgument(
            f"runtime {name}: runtimeType {entry['type']} is not supported",
            hint="name the OCI runtime's program with path",
        )
    return RuntimeChoice(path=entry["path"], args=entry["args"])


def _one_of(config: Config, key: str, allowed: tuple[str, ...]) -> str:
    value = str(config[key])
    if value not in allowed:
        words = ", ".join(word for word in allowed if word)
        raise InvalidArgument(f"invalid {key} {value!r}: use one of {words}")
    return value


def _profile(path: str) -> str:
    """The JSON of the daemon's own seccomp profile; the words ``builtin`` and ``unconfined`` stay words."""
    if path in ("", "builtin", "unconfined"):
        return path
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidArgument(f"opening seccomp profile ({path}) failed: {error.strerror}") from error


def make_network_config(config: Config, data_root: Path) -> NetworkConfig:
    """The networks' settings. Daemons with different data roots get different bridges and tables."""
    default_root = str(data_root) == "/var/lib/berth"
    instance = "berth" if default_root else hashlib.sha256(str(data_root).encode()).hexdigest()[:8]
    return NetworkConfig(
        instance=instance,
        bridge=config["bridge"],
        default_bridge_name="berth0" if default_root else f"berth-{instance}",
        bip=config["bip"],
        fixed_cidr=config["fixed-cidr"],
        default_gateway=config["default-gateway"],
        default_address_pools=tuple(_pool(entry) for entry in config["default-address-pools"]),
        mtu=config["mtu"],
        icc=config["icc"],
        ip_masq=config["ip-masq"],
        ip_forward=config["ip-forward"],
        host_ip=config["ip"],
        userland_proxy=config["userland-proxy"],
        firewall=config["iptables"],
    )


def _pool(entry: Any) -> tuple[str, int]:
    if not isinstance(entry, dict) or not str(entry.get("size", "")).isdecimal() or "base" not in entry:
        raise InvalidArgument(f"invalid default-address-pools entry {entry!r}: expected base and size")
    return str(entry["base"]), int(entry["size"])
