"""Every setting of the daemon, once: flag, daemon.json key, kind, default, help.

Names and meanings are dockerd's where both have the setting; the flag parser, the file reader and ``--help``
read this table; which of them a reload applies is said in ``reload``.
"""

from typing import NamedTuple


class Option(NamedTuple):
    """``kind`` is str, bool, int, size, list (repeatable flag, JSON list), map (``k=v`` flags, JSON object)
    or json (file only)."""

    flag: str
    key: str
    kind: str
    default: object
    help: str
    short: str = ""


_ON, _OFF = True, False

OPTIONS = (
    Option("host", "hosts", "list", (), "Daemon socket(s) to connect to", "H"),
    Option("tls", "tls", "bool", _OFF, "Use TLS; implied by --tlsverify"),
    Option("tlsverify", "tlsverify", "bool", _OFF, "Use TLS and verify the remote"),
    Option("tlscacert", "tlscacert", "str", "", "Trust certs signed only by this CA"),
    Option("tlscert", "tlscert", "str", "", "Path to TLS certificate file"),
    Option("tlskey", "tlskey", "str", "", "Path to TLS key file"),
    Option("data-root", "data-root", "str", "/var/lib/berth", "Root directory of persistent state", "g"),
    Option("exec-root", "exec-root", "str", "/run/berth", "Root directory for execution state files"),
    Option("pidfile", "pidfile", "str", "/run/berth.pid", "Path to use for daemon PID file", "p"),
    Option("group", "group", "str", "berth", "Group for the unix socket", "G"),
    Option("debug", "debug", "bool", _OFF, "Enable debug mode", "D"),
    Option(
        "log-level", "log-level", "str", "info",
        "Set the logging level (debug|info|warn|error|fatal)", "l",
    ),
    Option("default-runtime", "default-runtime", "str", "",
           "Default OCI runtime for containers"),
    Option("add-runtime", "runtimes", "runtimes", {}, "Register an additional OCI runtime"),
    Option("log-driver", "log-driver", "str", "json-file", "Default driver for container logs"),
    Option("log-opt", "log-opts", "map", {}, "Default log driver options for containers"),
    Option("default-ulimit", "default-ulimits", "ulimits", {}, "Default ulimits for containers"),
    Option("default-shm-size", "default-shm-size", "size", 64 << 20, "Default shm size for containers"),
    Option("default-ipc-mode", "default-ipc-mode", "str", "private",
           'Default mode for containers ipc ("shareable" | "private")'),
    Option("default-cgroupns-mode", "default-cgroupns-mode", "str", "",
           'Default mode for containers cgroup namespace ("host" | "private")'),
    Option("cgroup-parent", "cgroup-parent", "str", "berth", "Set parent cgroup for all containers"),
    Option("init", "init", "bool", _OFF,
           "Run an init in the container to forward signals and reap processes"),
    Option("init-path", "init-path", "str", "", "Path to the init binary"),
    Option("no-new-privileges", "no-new-privileges", "bool", _OFF,
           "Set no-new-privileges by default for new containers"),
    Option("seccomp-profile", "seccomp-profile", "str", "", "Path to seccomp profile"),
    Option("bridge", "bridge", "str", "", "Attach containers to a network bridge", "b"),
    Option("bip", "bip", "str", "", "Specify network bridge IP"),
    Option("fixed-cidr", "fixed-cidr", "str", "", "IPv4 subnet for fixed IPs"),
    Option("default-gateway", "default-gateway", "str", "", "Container default gateway IPv4 address"),
    Option("default-address-pool", "default-address-pools", "pools", (),
           "Default address pools for networks"),
    Option("ip", "ip", "str", "", "Default IP when binding container ports"),
    Option("icc", "icc", "bool", _ON, "Enable inter-container communication"),
    Option("ip-forward", "ip-forward", "bool", _ON, "Enable net.ipv4.ip_forward"),
    Option("ip-masq", "ip-masq", "bool", _ON, "Enable IP masquerading"),
    Option("iptables", "iptables", "bool", _ON, "Enable addition of packet filter rules"),
    Option("mtu", "mtu", "int", 1500, "Set the containers network MTU"),
    Option("dns", "dns", "list", (), "DNS server to use"),
    Option("dns-opt", "dns-opts", "list", (), "DNS options to use"),
    Option("dns-search", "dns-search", "list", (), "DNS search domains to use"),
    Option("label", "labels", "list", (), "Set key=value labels to the daemon"),
    Option("live-restore", "live-restore", "bool", _ON,
           "Keep containers running when the daemon stops"),
    Option("shutdown-timeout", "shutdown-timeout", "int", 15,
           "Set the default shutdown timeout"),
    Option("storage-driver", "storage-driver", "str", "",
           "Storage driver to use (overlay2; accepted for compatibility)", "s"),
    Option("layer-form", "layer-form", "str", "auto",
           "How layers are kept: erofs (one file each), directory, or auto"),
    Option("insecure-registry", "insecure-registries", "list", (), "Enable insecure registry communication"),
    Option("registry-mirror", "registry-mirrors", "list", (), "Preferred registry mirror"),
    Option("http-proxy", "http-proxy", "str", "", "HTTP proxy URL to use for outgoing traffic"),
    Option("https-proxy", "https-proxy", "str", "", "HTTPS proxy URL to use for outgoing traffic"),
    Option("no-proxy", "no-proxy", "str", "", "Hosts or IP addresses for which the proxy is skipped"),
    Option("", "proxies", "json", {}, "Proxies of the file: http-proxy, https-proxy, no-proxy"),
    Option("max-concurrent-downloads", "max-concurrent-downloads", "int", 3,
           "Set the max concurrent downloads"),
    Option("max-concurrent-uploads", "max-concurrent-uploads", "int", 5,
           "Set the max concurrent uploads"),
    Option("experimental", "experimental", "bool", _OFF, "Enable experimental features"),
    Option("userland-proxy", "userland-proxy", "bool", _ON,
           "Answer on IPv6 addresses for containers without IPv6"),
    Option("", "features", "json", {}, "Feature switches"),
    Option("", "cdi-spec-dirs", "list", ("/etc/cdi", "/var/run/cdi"), "CDI specification directories"),
    Option("", "builder", "json", {}, "Builder settings"),
    Option("", "exec-opts", "list", (), "Runtime execution options"),
    Option("", "default-network-opts", "json", {}, "Default network options"),
    Option("", "storage-opts", "list", (), "Storage driver options"),
)  # fmt: skip

BY_KEY = {option.key: option for option in OPTIONS}
