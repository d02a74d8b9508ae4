"""The flags that stand before the command."""

from berth.cli.flags import Flag

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")


def global_flags(directory: str) -> "Sequence[Flag]":
    """The table; ``directory`` is the configuration directory that help names in defaults."""
    return (
        Flag("config", "", "string", "Location of client config files", shown=f'"{directory}"'),
        Flag(
            "context", "c", "string",
            "Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and "
            'default context set with "docker context use")',
        ),
        Flag("debug", "D", "bool", "Enable debug mode"),
        Flag("host", "H", "list", "Daemon socket to connect to"),
        Flag(
            "log-level", "l", "string",
            'Set the logging level ("debug", "info", "warn", "error", "fatal")',
            default="info", shown='"info"',
        ),
        Flag("tls", "", "bool", "Use TLS; implied by --tlsverify"),
        Flag("tlscacert", "", "string", "Trust certs signed only by this CA", shown=f'"{directory}/ca.pem"'),
        Flag("tlscert", "", "string", "Path to TLS certificate file", shown=f'"{directory}/cert.pem"'),
        Flag("tlskey", "", "string", "Path to TLS key file", shown=f'"{directory}/key.pem"'),
        Flag("tlsverify", "", "bool", "Use TLS and verify the remote"),
        Flag("version", "v", "bool", "Print version information and quit"),
    )  # fmt: skip
