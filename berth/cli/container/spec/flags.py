"""The table of flags that ``run`` and ``create`` share."""

from berth.cli.container.spec import values
from berth.cli.container.spec.gpus import parse_gpus
from berth.cli.container.spec.mounts import parse_mount
from berth.cli.container.spec.networks import parse_network
from berth.cli.container.spec.numbers import parse_bytes, parse_cpus, parse_ip, parse_swap
from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CGROUPNS = """Cgroup namespace to use (host|private)
'host':    Run the container in the Docker host's cgroup namespace
'private': Run the container in its own private cgroup namespace
'':        Use the cgroup namespace as configured by the
           default-cgroupns-mode option on the daemon (default)"""


def _list(name: str, short: str, help: str, parse: "Callable[[str], Any]" = str, shown: str = "") -> Flag:
    return Flag(name, short, "list", help, parse=parse, shown=shown)


def _alias(name: str, dest: str, kind: str, parse: "Callable[[str], Any]" = str) -> Flag:
    """A second spelling, not shown in help."""
    return Flag(name, "", kind, "", parse=parse, many=True, dest=dest, hidden=True)


_GENERAL = (
    _list("attach", "a", "Attach to STDIN, STDOUT or STDERR", values.attach),
    _list(
        "device-cgroup-rule", "", "Add a rule to the cgroup allowed devices list", values.device_cgroup_rule
    ),
    _list("device", "", "Add a host device to the container"),
    Flag(
        "gpus", "", "gpu-request", "GPU devices to add to the container ('all' to pass all GPUs)",
        parse=parse_gpus, many=True,
    ),
    _list("env", "e", "Set environment variables", values.environment),
    _list("env-file", "", "Read in a file of environment variables"),
    Flag("entrypoint", "", "string", "Overwrite the default ENTRYPOINT of the image"),
    _list("group-add", "", "Add additional groups to join"),
    Flag("hostname", "h", "string", "Container host name"),
    Flag("domainname", "", "string", "Container NIS domain name"),
    Flag("interactive", "i", "bool", "Keep STDIN open even if not attached"),
    _list("label", "l", "Set meta data on a container", values.label),
    _list("label-file", "", "Read in a line delimited file of labels"),
    Flag("read-only", "", "bool", "Mount the container's root filesystem as read only"),
    Flag("restart", "", "string", "Restart policy to apply when a container exits", default="no"),
    Flag("stop-signal", "", "string", "Signal to stop the container"),
    Flag("stop-timeout", "", "int", "Timeout (in seconds) to stop a container"),
    Flag("sysctl", "", "map", "Sysctl options", parse=values.sysctl, shown="map[]"),
    Flag("tty", "t", "bool", "Allocate a pseudo-TTY"),
    Flag("ulimit", "", "ulimit", "Ulimit options", parse=values.ulimit, many=True, shown="[]"),
    Flag("user", "u", "string", "Username or UID (format: <name|uid>[:<group|gid>])"),
    Flag("workdir", "w", "string", "Working directory inside the container"),
    Flag(
        "rm", "", "bool",
        "Automatically remove the container and its associated anonymous volumes when it exits",
    ),
)  # fmt: skip

_SECURITY = (
    _list("cap-add", "", "Add Linux capabilities"),
    _list("cap-drop", "", "Drop Linux capabilities"),
    Flag("privileged", "", "bool", "Give extended privileges to this container"),
    _list("security-opt", "", "Security Options"),
    Flag("userns", "", "string", "User namespace to use"),
    Flag("cgroupns", "", "string", _CGROUPNS),
)

_NETWORK = (
    _list("add-host", "", "Add a custom host-to-IP mapping (host:ip)", values.extra_host),
    _list("dns", "", "Set custom DNS servers", parse_ip),
    _list("dns-option", "", "Set DNS options"),
    _alias("dns-opt", "dns_option", "list"),
    _list("dns-search", "", "Set custom DNS search domains", values.dns_search),
    _list("expose", "", "Expose a port or a range of ports"),
    Flag("ip", "", "string", "IPv4 address (e.g., 172.30.100.104)"),
    Flag("ip6", "", "string", "IPv6 address (e.g., 2001:db8::33)"),
    _list("link", "", "Add link to another container", values.link),
    _list("link-local-ip", "", "Container IPv4/IPv6 link-local addresses"),
    Flag("mac-address", "", "string", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
    _list("publish", "p", "Publish a container's port(s) to the host"),
    Flag("publish-all", "P", "bool", "Publish all exposed ports to random ports"),
    Flag("network", "", "network", "Connect a container to a network", parse=parse_network, many=True),
    _alias("net", "network", "network", parse_network),
    _list("network-alias", "", "Add network-scoped alias for the container"),
    _alias("net-alias", "network_alias", "list"),
)

_STORAGE = (
    Flag("log-driver", "", "string", "Logging driver for the container"),
    _list("log-opt", "", "Log driver options"),
    Flag("volume-driver", "", "string", "Optional volume driver for the container"),
    _list("storage-opt", "", "Storage driver options for the container"),
    _list("tmpfs", "", "Mount a tmpfs directory"),
    _list("volumes-from", "", "Mount volumes from the specified container(s)"),
    _list("volume", "v", "Bind mount a volume"),
    Flag("mount", "", "mount", "Attach a filesystem mount to the container", parse=parse_mount, many=True),
)

_HEALTH = (
    Flag("health-cmd", "", "string", "Command to run to check health"),
    Flag("health-interval", "", "duration", "Time between running the check (ms|s|m|h) (default 0s)"),
    Flag("health-retries", "", "int", "Consecutive failures needed to report unhealthy"),
    Flag("health-timeout", "", "duration", "Maximum time to allow one check to run (ms|s|m|h) (default 0s)"),
    Flag(
        "health-start-period", "", "duration",
        "Start period for the container to initialize before starting health-retries countdown "
        "(ms|s|m|h) (default 0s)",
    ),
    Flag(
        "health-start-interval", "", "duration",
        "Time between running the check during the start period (ms|s|m|h) (default 0s)",
        api="1.44",
    ),
    Flag("no-healthcheck", "", "bool", "Disable any container-specified HEALTHCHECK"),
)  # fmt: skip

_RESOURCES = (
    Flag(
        "blkio-weight", "", "uint16",
        "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
    ),
    _list(
        "blkio-weight-device", "", "Block IO weight (relative device weight)", values.device_weight,
        shown="[]",
    ),
    Flag("cidfile", "", "string", "Write the container ID to the file"),
    Flag("cpuset-cpus", "", "string", "CPUs in which to allow execution (0-3, 0,1)"),
    Flag("cpuset-mems", "", "string", "MEMs in which to allow execution (0-3, 0,1)"),
    Flag("cpu-count", "", "int", "CPU count (Windows only)"),
    Flag("cpu-percent", "", "int", "CPU percent (Windows only)"),
    Flag("cpu-period", "", "int", "Limit CPU CFS (Completely Fair Scheduler) period"),
    Flag("cpu-quota", "", "int", "Limit CPU CFS (Completely Fair Scheduler) quota"),
    Flag("cpu-rt-period", "", "int", "Limit CPU real-time period in microseconds"),
    Flag("cpu-rt-runtime", "", "int", "Limit CPU real-time runtime in microseconds"),
    Flag("cpu-shares", "c", "int", "CPU shares (relative weight)"),
    Flag("cpus", "", "decimal", "Number of CPUs", default=0, parse=parse_cpus),
    _list(
        "device-read-bps", "", "Limit read rate (bytes per second) from a device", values.device_bytes,
        shown="[]",
    ),
    _list(
        "device-read-iops", "", "Limit read rate (IO per second) from a device", values.device_operations,
        shown="[]",
    ),
    _list(
        "device-write-bps", "", "Limit write rate (bytes per second) to a device", values.device_bytes,
        shown="[]",
    ),
    _list(
        "device-write-iops", "", "Limit write rate (IO per second) to a device", values.device_operations,
        shown="[]",
    ),
    Flag(
        "io-maxbandwidth", "", "bytes", "Maximum IO bandwidth limit for the system drive (Windows only)",
        parse=parse_bytes,
    ),
    Flag("io-maxiops", "", "uint", "Maximum IOps limit for the system drive (Windows only)"),
    Flag("kernel-memory", "", "bytes", "Kernel memory limit", parse=parse_bytes),
    Flag("memory", "m", "bytes", "Memory limit", parse=parse_bytes),
    Flag("memory-reservation", "", "bytes", "Memory soft limit", parse=parse_bytes),
    Flag(
        "memory-swap", "", "bytes",
        "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", parse=parse_swap,
    ),
    Flag("memory-swappiness", "", "int", "Tune container memory swappiness (0 to 100)", default=-1),
    Flag("oom-kill-disable", "", "bool", "Disable OOM Killer"),
    Flag("oom-score-adj", "", "int", "Tune host's OOM preferences (-1000 to 1000)"),
    Flag("pids-limit", "", "int", "Tune container pids limit (set -1 for unlimited)"),
)  # fmt: skip

_EXECUTION = (
    Flag("cgroup-parent", "", "string", "Optional parent cgroup for the container"),
    Flag("ipc", "", "string", "IPC mode to use"),
    Flag("isolation", "", "string", "Container isolation technology"),
    Flag("pid", "", "string", "PID namespace to use"),
    Flag("shm-size", "", "bytes", "Size of /dev/shm", parse=parse_bytes),
    Flag("uts", "", "string", "UTS namespace to use"),
    Flag("runtime", "", "string", "Runtime to use for this container"),
    Flag("init", "", "bool", "Run an init inside the container that forwards signals and reaps processes"),
    Flag(
        "annotation", "", "map", "Add an annotation to the container (passed through to the OCI runtime)",
        shown="map[]", api="1.43",
    ),
    Flag("platform", "", "string", "Set platform if server is multi-platform capable"),
    Flag("disable-content-trust", "", "bool", "Skip image verification", default=True),
    Flag("quiet", "q", "bool", "Suppress the pull output"),
    Flag("use-api-socket", "", "bool", "Bind mount Docker API socket and required auth"),
    Flag("name", "", "string", "Assign a name to the container"),
)  # fmt: skip

SPEC_FLAGS = (*_GENERAL, *_SECURITY, *_NETWORK, *_STORAGE, *_HEALTH, *_RESOURCES, *_EXECUTION)
