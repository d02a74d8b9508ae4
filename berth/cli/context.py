"""Which daemon to talk to: flags, environment, contexts, and the default socket, in Docker's order.

``-H`` wins over everything; then ``--context``; BERTH_HOST and DOCKER_HOST; BERTH_CONTEXT and
DOCKER_CONTEXT; ``currentContext`` of config.json; last the default socket, berth's own.
"""

from berth.base.errors import BerthError
from berth.cli.cli import Exit
from berth.client.client import Client
from berth.client.endpoint import DEFAULT_SOCKET, Endpoint, TlsFiles, parse_host

TYPE_CHECKING = False  # without typing: its import is slow
if TYPE_CHECKING:
    from typing import Any

    from berth.cli.cli import Cli

_DEFAULT = "default"


def connect(cli: "Cli") -> Client:
    """A client of the chosen daemon; starts the default daemon where that is possible."""
    endpoint, chosen = resolve(cli)
    if not chosen:
        from berth.cli.autostart import ensure_daemon

        ensure_daemon(cli, endpoint)
    return _client(cli, endpoint)


def _client(cli: "Cli", endpoint: Endpoint) -> Client:
    return Client(
        endpoint,
        headers={"User-Agent": "Berth-Client/0.1 (linux)", **cli.config.http_headers},
        version=cli.env.get("DOCKER_API_VERSION", "").removeprefix("v"),
    )


def connect_ahead(cli: "Cli") -> Client | None:
    """A client that is connected already, where the daemon's unix socket answers at once; None otherwise.

    An engine begins to make ready for a start when somebody connects; the sooner, the better hidden.
    """
    try:
        endpoint, _ = resolve(cli)
        if endpoint.kind != "unix":
            return None
        client = _client(cli, endpoint)
        client.connect()
    except BerthError:
        return None  # the verb's own request will tell
    return client


def resolve(cli: "Cli") -> tuple[Endpoint, bool]:
    """The daemon's address, and whether anybody chose it (false: it is merely the default)."""
    options = cli.globals
    hosts = options.host if options is not None else []
    context = options.context if options is not None else ""
    if len(hosts) > 1:
        raise Exit(1, "Specify only one -H")
    if hosts and context:
        raise Exit(1, "conflicting options: cannot specify both --host and --context")
    try:
        if hosts:
            return parse_host(hosts[0], tls=_tls(cli)), True
        if not context:
            host = cli.env.get("BERTH_HOST") or cli.env.get("DOCKER_HOST") or ""
            if host:
                return parse_host(host, tls=_tls(cli)), True
        name = context or current_context(cli)
        if name == _DEFAULT:
            return parse_host("", tls=_tls(cli), default=DEFAULT_SOCKET), False
        return context_endpoint(cli, name), True
    except Exit:
        raise
    except BerthError as error:
        text = f"Failed to initialize: unable to resolve docker endpoint: {error}"
        raise Exit(1, text, hint=error.hint) from None


def current_context(cli: "Cli") -> str:
    """The context in force when neither ``-H`` nor ``--context`` was given; "default" when none is."""
    name = cli.env.get("BERTH_CONTEXT") or cli.env.get("DOCKER_CONTEXT") or cli.config.text("currentContext")
    return name or _DEFAULT


def context_directory(config: str, name: str) -> tuple[str, str]:
    """Where a context keeps its description and its TLS files."""
    import hashlib

    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{config}/contexts/meta/{digest}", f"{config}/contexts/tls/{digest}"


def read_context(cli: "Cli", name: str) -> "dict[str, Any]":
    """The stored description of a context; Exit with Docker's text when there is none."""
    from berth.cli.config import read_file
    from berth.wire.json import loads

    meta, _ = context_directory(cli.config.directory, name)
    data = read_file(f"{meta}/meta.json")
    if data is None:
        raise BerthError(
            f'context "{name}": context not found: open {meta}/meta.json: no such file or directory'
        )
    found = loads(data)
    return found if isinstance(found, dict) else {}


def context_endpoint(cli: "Cli", name: str) -> Endpoint:
    """The address that a context stores, with its TLS files."""
    docker = read_context(cli, name).get("Endpoints", {}).get("docker", {})
    _, folder = context_directory(cli.config.directory, name)
    return parse_host(docker.get("Host", ""), tls=_context_tls(f"{folder}/docker", docker))


def _context_tls(folder: str, docker: "dict[str, Any]") -> TlsFiles | None:
    import posix

    def present(name: str) -> str:
        try:
            posix.stat(f"{folder}/{name}")
        except OSError:
            return ""
        return f"{folder}/{name}"

    files = TlsFiles(
        ca=present("ca.pem"),
        cert=present("cert.pem"),
        key=present("key.pem"),
        verify=not docker.get("SkipTLSVerify", False),
    )
    return files if files.ca or files.cert or not files.verify else None


def _tls(cli: "Cli") -> TlsFiles | None:
    """TLS of ``--tls*`` and DOCKER_TLS_VERIFY, DOCKER_TLS, DOCKER_CERT_PATH; None when not asked for."""
    options = cli.globals
    env = cli.env
    verify_wanted = bool(env.get("DOCKER_TLS_VERIFY"))
    wanted = verify_wanted or bool(env.get("DOCKER_TLS"))
    named = {"tlscacert": "", "tlscert": "", "tlskey": ""}
    if options is not None:
        if options.changed("tlsverify"):
            verify_wanted = options.tlsverify
        wanted = verify_wanted or (options.tls if options.changed("tls") else wanted)
        named = {name: getattr(options, name) if options.changed(name) else "" for name in named}
    if not wanted:
        return None
    folder = env.get("DOCKER_CERT_PATH") or cli.config.directory
    paths = {
        "tlscacert": named["tlscacert"] or f"{folder}/ca.pem",
        "tlscert": named["tlscert"] or f"{folder}/cert.pem",
        "tlskey": named["tlskey"] or f"{folder}/key.pem",
    }
    for name, path in paths.items():
        if not named[name] and not _exists(path):
            if name == "tlscacert" and verify_wanted:
                raise BerthError(f"open {path}: no such file or directory")
            paths[name] = ""
    return TlsFiles(
        ca=paths["tlscacert"] if verify_wanted else "",
        cert=paths["tlscert"],
        key=paths["tlskey"],
        verify=verify_wanted,
    )


def _exists(path: str) -> bool:
    import posix

    try:
        posix.stat(path)
    except OSError:
        return False
    return True
