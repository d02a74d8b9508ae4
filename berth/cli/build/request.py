"""From the parsed flags to what ``POST /build`` takes: the query of Docker's client, and our own body."""

from berth.base.errors import BerthError, InvalidArgument
from berth.wire.json import dumps

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from berth.cli.cli import Cli
    from berth.cli.flags import Options

_NUMBERS = (
    ("cpushares", "cpu_shares"), ("cpuperiod", "cpu_period"), ("cpuquota", "cpu_quota"),
    ("memory", "memory"), ("memswap", "memory_swap"), ("shmsize", "shm_size"),
)  # fmt: skip
_TEXTS = (
    ("cpusetcpus", "cpuset_cpus"), ("cpusetmems", "cpuset_mems"), ("cgroupparent", "cgroup_parent"),
    ("isolation", "isolation"), ("target", "target"),
)  # fmt: skip


def query(cli: "Cli", options: "Options", dockerfile: str) -> "dict[str, Any]":
    """The query's fields; those that would say nothing are left out."""
    found: dict[str, Any] = {"version": "1", "dockerfile": dockerfile or None, "t": options.tag}
    found["buildargs"] = build_args(cli, options) or None
    found["labels"] = _pairs(options.label) or None
    found["cachefrom"] = dumps(options.cache_from) if options.cache_from else None
    found["extrahosts"] = options.add_host
    found["securityopt"] = options.security_opt
    found["networkmode"] = options.network if options.network != "default" else None
    platform = options.platform or cli.env.get("DOCKER_DEFAULT_PLATFORM", "")
    found["platform"] = platform.lower() or None
    found["ulimits"] = dumps(options.ulimit) if options.ulimit else None
    for name, dest in _NUMBERS:
        found[name] = getattr(options, dest) or None
    for name, dest in _TEXTS:
        found[name] = getattr(options, dest) or None
    for name, dest in (
        ("nocache", "no_cache"),
        ("pull", "pull"),
        ("forcerm", "force_rm"),
        ("squash", "squash"),
    ):
        found[name] = True if getattr(options, dest) else None
    found["rm"] = None if options.rm else False
    return found


def build_args(cli: "Cli", options: "Options") -> "dict[str, str | None]":
    """``--build-arg``: a name alone takes the environment's value. Proxies of config.json are added."""
    found: dict[str, str | None] = {}
    for text in options.build_arg:
        name, equals, value = text.partition("=")
        found[name] = value if equals else cli.env.get(name)
    if cli.config.mapping("proxies"):
        from berth.cli.container.spec.body import proxy_environment

        for name, value in proxy_environment(cli.config, cli.client.endpoint.url).items():
            found.setdefault(name, value)
    return found


def _pairs(given: "list[str]") -> dict[str, str]:
    return {name: value for name, _, value in (text.partition("=") for text in given)}


def registry_config(cli: "Cli") -> str:
    """The header with everything that is known of registries, for pulling the bases of private ones."""
    config = cli.config
    auths, helpers = config.mapping("auths"), config.mapping("credHelpers")
    if not auths and not helpers:
        return "e30="
    import base64

    from berth.cli.credentials import find

    found = {server: find(config, server, cli.env) for server in {**auths, **helpers}}
    text = dumps({server: entry for server, entry in found.items() if entry})
    return base64.urlsafe_b64encode(text.encode()).decode()


def own_body(
    options: "Options",
    *,
    secrets: "Mapping[str, bytes]",
    agents: "Mapping[str, str]",
    named: "dict[str, str]",
) -> "dict[str, Any]":
    """The part of the body that only berth's daemon takes; fields that say nothing are left out."""
    body: dict[str, Any] = {
        "ssh": dict(agents),
        "named": named,
        "dry_run": options.dry_run,
        "no_cache_filter": [name for text in options.no_cache_filter for name in text.split(",") if name],
        "devices": options.device,
        "gpus": options.gpus,
        "allow": [name for text in options.allow for name in text.split(",") if name],
        "shell_on_fail": options.shell_on_fail,
    }
    if secrets:
        import base64

        body["secrets"] = {name: base64.b64encode(value).decode() for name, value in secrets.items()}
    return {name: value for name, value in body.items() if value}


def source_date_epoch(options: "Options", env: "Mapping[str, str]") -> int | None:
    """SOURCE_DATE_EPOCH of the build arguments, else of the environment."""
    text = env.get("SOURCE_DATE_EPOCH", "")
    for pair in options.build_arg:
        name, equals, value = pair.partition("=")
        if name == "SOURCE_DATE_EPOCH" and equals:
            text = value
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise InvalidArgument(f"invalid SOURCE_DATE_EPOCH: {text}")
    return int(text)


def check_combination(options: "Options") -> None:
    """Refuse what cannot be meant."""
    if options.quiet and options.progress in ("plain", "tty", "rawjson"):
        raise BerthError("can't use --progress and --quiet at the same time")
    if options.dry_run and (options.output or options.push):
        raise BerthError("--dry-run makes no result: --output and --push have nothing to work on")
    if options.shell_on_fail and options.force_rm:
        raise BerthError("--shell-on-fail needs the container that --force-rm removes")
