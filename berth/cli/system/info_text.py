"""The text of ``info``, line by line as Docker's client writes it."""

from berth.base.units import human_binary_size

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any


def client_lines(client: "dict[str, Any]") -> list[str]:
    """The client's half."""
    return [
        "Client:",
        f" Version:    {client['Version']}",
        f" Context:    {client['Context']}",
        f" Debug Mode: {_word(client['Debug'])}",
    ]


def server_lines(info: "dict[str, Any]", *, debug: bool, user: str) -> list[str]:
    """The daemon's half, from its answer to ``/info``."""
    lines = _counts(info)
    lines += _filled(info, (("Logging Driver", "LoggingDriver"), ("Cgroup Driver", "CgroupDriver")))
    lines += _filled(info, (("Cgroup Version", "CgroupVersion"),))
    lines += _plugins(info)
    lines += _swarm(info.get("Swarm") or {})
    runtimes = info.get("Runtimes") or {}
    if runtimes:
        lines.append(f" Runtimes: {' '.join(runtimes)}")
        lines.append(f" Default Runtime: {info.get('DefaultRuntime', '')}")
    if info.get("OSType") == "linux":
        lines += _programs(info)
    lines += _machine(info)
    if info.get("Debug") or debug:
        lines += [
            f"  File Descriptors: {info.get('NFd', 0)}",
            f"  Goroutines: {info.get('NGoroutines', 0)}",
            f"  System Time: {info.get('SystemTime', '')}",
            f"  EventsListeners: {info.get('NEventsListener', 0)}",
        ]
    proxies = (("HTTP Proxy", "HttpProxy"), ("HTTPS Proxy", "HttpsProxy"), ("No Proxy", "NoProxy"))
    lines += _filled(info, proxies)
    if user:
        lines.append(f" Username: {user}")
    lines += _listed(" Labels:", info.get("Labels"), "  ")
    lines.append(f" Experimental: {_word(info.get('ExperimentalBuild'))}")
    lines += _registries(info.get("RegistryConfig") or {})
    lines.append(f" Live Restore Enabled: {_word(info.get('LiveRestoreEnabled'))}")
    lines += _filled(info, (("Product License", "ProductLicense"),))
    pools = info.get("DefaultAddressPools") or []
    shown = [f"Base: {pool.get('Base', '')}, Size: {pool.get('Size', 0)}" for pool in pools]
    lines += _listed(" Default Address Pools:", shown, "   ")
    return [*lines, ""]


def _word(value: "Any") -> str:
    return "true" if value else "false"


def _filled(info: "dict[str, Any]", labels: "tuple[tuple[str, str], ...]") -> list[str]:
    """`` Label: value`` for the fields that have one."""
    return [f" {label}: {info[key]}" for label, key in labels if info.get(key)]


def _listed(title: str, items: "list[str] | None", indent: str) -> list[str]:
    """A title and a line per item; nothing for no items."""
    return [title, *(f"{indent}{item}" for item in items)] if items else []


def _counts(info: "dict[str, Any]") -> list[str]:
    lines = [
        f" Containers: {info.get('Containers', 0)}",
        f"  Running: {info.get('ContainersRunning', 0)}",
        f"  Paused: {info.get('ContainersPaused', 0)}",
        f"  Stopped: {info.get('ContainersStopped', 0)}",
        f" Images: {info.get('Images', 0)}",
    ]
    lines += _filled(info, (("Server Version", "ServerVersion"), ("Storage Driver", "Driver")))
    lines += [f"  {pair[0]}: {pair[1]}" for pair in info.get("DriverStatus") or ()]
    return lines + [f" {pair[0]}: {pair[1]}" for pair in info.get("SystemStatus") or ()]


def _plugins(info: "dict[str, Any]") -> list[str]:
    plugins = info.get("Plugins") or {}

    def line(kind: str) -> str:
        return f"  {kind}: {' '.join(plugins.get(kind) or ())}"

    lines = [" Plugins:", line("Volume"), line("Network")]
    if plugins.get("Authorization"):
        lines.append(line("Authorization"))
    lines.append(line("Log"))
    lines += _listed(" CDI spec directories:", info.get("CDISpecDirs"), "  ")
    devices = info.get("DiscoveredDevices") or []
    shown = [f"{device.get('Source', '')}: {device.get('ID', '')}" for device in devices]
    return lines + _listed(" Discovered Devices:", shown, "  ")


def _swarm(swarm: "dict[str, Any]") -> list[str]:
    state = swarm.get("LocalNodeState", "")
    lines = [f" Swarm: {state}"]
    if state in ("inactive", "locked", ""):
        return lines
    lines.append(f"  NodeID: {swarm.get('NodeID', '')}")
    if swarm.get("Error"):
        lines.append(f"  Error: {swarm['Error']}")
    lines.append(f"  Is Manager: {_word(swarm.get('ControlAvailable'))}")
    lines.append(f"  Node Address: {swarm.get('NodeAddr', '')}")
    addresses = sorted(manager.get("Addr", "") for manager in swarm.get("RemoteManagers") or ())
    return lines + _listed("  Manager Addresses:", addresses, "   ")


def _programs(info: "dict[str, Any]") -> list[str]:
    lines = [f" Init Binary: {info.get('InitBinary', '')}"]
    programs = (("containerd", "ContainerdCommit"), ("runc", "RuncCommit"), ("init", "InitCommit"))
    for name, key in programs:
        lines.append(f" {name} version: {(info.get(key) or {}).get('ID', '')}")
    options = info.get("SecurityOptions") or []
    if options:
        lines.append(" Security Options:")
    for option in options:
        name, profiles = _security_option(option)
        lines.append(f"  {name}")
        lines += [f"   Profile: {profile}" for profile in profiles]
    return lines


def _security_option(text: str) -> tuple[str, list[str]]:
    """``name=seccomp,profile=builtin`` to its name and profiles; older daemons send the bare name."""
    if "=" not in text:
        return text, []
    name = ""
    profiles = []
    for part in text.split(","):
        key, _, value = part.partition("=")
        if key == "name":
            name = value
        elif key == "profile":
            profiles.append(value)
    return name, profiles


def _machine(info: "dict[str, Any]") -> list[str]:
    labels = (
        ("Kernel Version", "KernelVersion"),
        ("Operating System", "OperatingSystem"),
        ("OSType", "OSType"),
        ("Architecture", "Architecture"),
    )
    lines = _filled(info, labels)
    lines.append(f" CPUs: {info.get('NCPU', 0)}")
    lines.append(f" Total Memory: {human_binary_size(info.get('MemTotal', 0))}")
    lines += _filled(info, (("Name", "Name"), ("ID", "ID")))
    lines.append(f" Docker Root Dir: {info.get('DockerRootDir', '')}")
    return [*lines, f" Debug Mode: {_word(info.get('Debug'))}"]


def _registries(config: "dict[str, Any]") -> list[str]:
    networks = config.get("InsecureRegistryCIDRs") or []
    indexes = config.get("IndexConfigs") or {}
    lines = []
    if networks or indexes:
        lines.append(" Insecure Registries:")
        lines += [f"  {index.get('Name', '')}" for index in indexes.values() if not index.get("Secure")]
        lines += [f"  {network}" for network in networks]
    return lines + _listed(" Registry Mirrors:", config.get("Mirrors"), "  ")
