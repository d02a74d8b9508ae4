"""``info``, ``version`` and events."""

from berth.api import versions
from berth.api.shape.container import STORAGE_DRIVER
from berth.api.shape.times import rfc3339
from berth.api.shape.wire import Json
from berth.api.versions import Version
from berth.engine.settings import RuntimeChoice
from berth.engine.system.info import Info
from berth.engine.system.version import Version as EngineVersion
from berth.state.events import Event

_SECOND_NS = 1_000_000_000
_NONDISTRIBUTABLE = ("AllowNondistributableArtifactsCIDRs", "AllowNondistributableArtifactsHostnames")
_LOCAL_REGISTRIES = ["::1/128", "127.0.0.0/8"]


def info(found: Info, now_ns: int, version: Version) -> Json:
    """The answer of ``GET /info``."""
    shaped: Json = {
        "ID": found.id,
        "Containers": found.containers,
        "ContainersRunning": found.running,
        "ContainersPaused": found.paused,
        "ContainersStopped": found.stopped,
        "Images": found.images,
        "Driver": STORAGE_DRIVER,
        "DriverStatus": [["Layer form", found.layer_form]],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "null"],
            "Authorization": None,
            "Log": ["json-file", "local", "none"],
        },
        **_limits(found),
        "IPv4Forwarding": True,
        "Debug": found.debug,
        "NFd": found.file_descriptors,
        "OomKillDisable": found.cgroup_version == "1",
        "NGoroutines": found.tasks,
        "SystemTime": rfc3339(now_ns),
        "LoggingDriver": found.log_driver,
        "CgroupDriver": found.cgroup_driver,
        "CgroupVersion": found.cgroup_version,
        "NEventsListener": found.events_listeners,
        "KernelVersion": found.kernel_version,
        "OperatingSystem": found.operating_system,
        "OSVersion": found.os_version,
        "OSType": "linux",
        "Architecture": found.architecture,
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": _registries(found),
        "NCPU": found.cpus,
        "MemTotal": found.memory_total,
        "GenericResources": None,
        "DockerRootDir": found.data_root,
        "HttpProxy": "",
        "HttpsProxy": "",
        "NoProxy": "",
        "Name": found.name,
        "Labels": list(found.labels),
        "ExperimentalBuild": False,
        "ServerVersion": found.version,
        "Runtimes": {name: _runtime(choice) for name, choice in found.runtimes.items()},
        "DefaultRuntime": found.default_runtime,
        "Swarm": _swarm(),
        "LiveRestoreEnabled": found.live_restore,
        "Isolation": "",
        "InitBinary": found.init_binary,
        "ContainerdCommit": {"ID": ""},
        "RuncCommit": {"ID": ""},
        "InitCommit": {"ID": ""},
        "SecurityOptions": list(found.security_options),
        "CDISpecDirs": [],
        "Warnings": list(found.warnings) or None,
    }
    shaped.update(_by_version(version))
    if version < (1, 25):
        shaped["SecurityOptions"] = [_plain_name(option) for option in found.security_options]
    if version < (1, 47):
        shaped["RegistryConfig"] |= dict.fromkeys(_NONDISTRIBUTABLE)
    return shaped


def _plain_name(option: str) -> str:
    """``name=seccomp,profile=builtin`` was just ``seccomp``."""
    return option.partition(",")[0].removeprefix("name=")


def _limits(found: Info) -> Json:
    """Which limits the kernel can hold. Those of memory, CPU and processes are there on any kernel that this
    engine runs on."""
    names = (
        "MemoryLimit", "SwapLimit", "CpuCfsPeriod", "CpuCfsQuota", "CPUShares", "CPUSet", "PidsLimit",
    )  # fmt: skip
    return dict.fromkeys(names, True)


def _by_version(version: Version) -> Json:
    shaped: Json = {}
    if version < (1, 42):
        shaped["KernelMemory"] = True
    if version < (1, 49):
        shaped["RuncCommit"] = {"ID": "", "Expected": ""}
    else:
        shaped["FirewallBackend"] = {"Driver": "nftables"}
    if version < (1, 50):
        shaped |= {"BridgeNfIptables": False, "BridgeNfIp6tables": False}
    return shaped


def _registries(found: Info) -> Json:
    hub: Json = {
        "Mirrors": list(found.registry_mirrors),
        "Name": "docker.io",
        "Official": True,
        "Secure": True,
    }
    insecure = {
        name: {"Mirrors": [], "Name": name, "Official": False, "Secure": False}
        for name in found.insecure_registries
        if "/" not in name
    }
    return {
        "IndexConfigs": {"docker.io": hub, **insecure},
        "InsecureRegistryCIDRs": [*_LOCAL_REGISTRIES, *(n for n in found.insecure_registries if "/" in n)],
        "Mirrors": list(found.registry_mirrors) or None,
    }


def _runtime(choice: RuntimeChoice) -> Json:
    return {"path": choice.path, **({"runtimeArgs": list(choice.args)} if choice.args else {})}


def _swarm() -> Json:
    return {
        "NodeID": "",
        "NodeAddr": "",
        "LocalNodeState": "inactive",
        "ControlAvailable": False,
        "Error": "",
        "RemoteManagers": None,
    }


def version(found: EngineVersion) -> Json:
    """The answer of ``GET /version``. What Docker's clients print as "Go version" is the language's."""
    about: Json = {
        "ApiVersion": versions.text(versions.NEWEST),
        "MinAPIVersion": versions.text(versions.OLDEST),
        "GitCommit": "",
        "GoVersion": f"python{found.python}",
        "Os": found.os,
        "Arch": found.architecture,
        "KernelVersion": found.kernel,
        "BuildTime": "",
    }
    engine: Json = {"Name": "Engine", "Version": found.version, "Details": {**about, "Experimental": "false"}}
    runtimes = [
        {"Name": one.name, "Version": one.version, "Details": {"GitCommit": one.commit, "Path": one.path}}
        for one in found.runtimes
    ]
    return {
        "Platform": {"Name": "berth"},
        "Components": [engine, *runtimes],
        "Version": found.version,
        **about,
    }


def event(happened: Event, version: Version) -> Json:
    """One line of ``GET /events``; ``id``, ``status`` and ``from`` are how events looked before 1.22, and
    clients went on reading them for ten years."""
    legacy: Json = {}
    if version < (1, 52) and happened.kind in ("container", "image"):
        legacy = {"status": happened.action, "id": happened.actor}
        if happened.kind == "container":
            legacy["from"] = happened.attributes.get("image", "")
    return {
        **legacy,
        "Type": happened.kind,
        "Action": happened.action,
        "Actor": {"ID": happened.actor, "Attributes": happened.attributes},
        "scope": happened.scope,
        "time": happened.time_ns // _SECOND_NS,
        "timeNano": happened.time_ns,
    }
