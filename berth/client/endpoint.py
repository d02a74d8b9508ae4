"""Addresses of daemons as ``-H``, the environment and contexts write them."""

from berth.base.errors import InvalidArgument, Unsupported

DEFAULT_SOCKET = "/run/berth.sock"
_PLAIN_PORT, _TLS_PORT = 2375, 2376


class TlsFiles:
    """The files of a TLS connection; ``verify`` false accepts any certificate of the daemon."""

    __slots__ = ("ca", "cert", "key", "server_name", "verify")

    def __init__(
        self, *, ca: str = "", cert: str = "", key: str = "", verify: bool = True, server_name: str = ""
    ) -> None:
        self.ca = ca
        self.cert = cert
        self.key = key
        self.verify = verify
        self.server_name = server_name


class Endpoint:
    """Where a daemon listens: ``kind`` is "unix" (``path``) or "tcp" (``host``, ``port``, maybe ``tls``)."""

    __slots__ = ("host", "kind", "path", "port", "tls", "url")

    def __init__(
        self,
        kind: str,
        *,
        url: str,
        path: str = "",
        host: str = "",
        port: int = 0,
        tls: TlsFiles | None = None,
    ) -> None:
        self.kind = kind
        self.url = url
        self.path = path
        self.host = host
        self.port = port
        self.tls = tls


def parse_host(text: str, *, tls: TlsFiles | None = None, default: str = DEFAULT_SOCKET) -> Endpoint:
    """``unix:///path``, ``tcp://host:port``, ``host:port`` or ``host``.

    Raises InvalidArgument for what is no address and Unsupported for kinds that this client cannot use.
    """
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if not text or text == "unix://":
        return Endpoint("unix", url=f"unix://{default}", path=default)
    if not separator:
        scheme, rest = "tcp", text
    if scheme == "unix":
        return Endpoint("unix", url=text, path=rest)
    if scheme in ("tcp", "http", "https"):
        return _tcp(rest, text, tls)
    if scheme == "ssh":
        raise Unsupported(
            f"cannot connect over ssh to {text}: this client does not speak ssh:// yet",
            hint="forward the socket instead: ssh -nNT -L /tmp/berth.sock:/run/berth.sock HOST, "
            "then -H unix:///tmp/berth.sock",
        )
    if scheme in ("npipe", "fd"):
        raise Unsupported(f"protocol not available: {scheme} addresses have no meaning on this machine")
    raise InvalidArgument(f"invalid bind address format: {text}")


def _tcp(rest: str, text: str, tls: TlsFiles | None) -> Endpoint:
    address, slash, tail = rest.partition("/")
    if slash and tail:
        raise InvalidArgument(f"invalid bind address format: {text}")
    if address.startswith("["):
        host, _, port_text = address[1:].partition("]")
        port_text = port_text.removeprefix(":")
    else:
        host, _, port_text = address.rpartition(":") if ":" in address else (address, "", "")
    port = _TLS_PORT if tls else _PLAIN_PORT
    if port_text:
        if not port_text.isdigit():
            raise InvalidArgument(f'parse "tcp://{rest}": invalid port ":{port_text}" after host')
        if int(port_text) > 65535:
            raise InvalidArgument(f"invalid bind address format: {text}")
        port = int(port_text)
    host = host or "localhost"
    shown = f"[{host}]" if ":" in host else host
    return Endpoint("tcp", url=f"tcp://{shown}:{port}", host=host, port=port, tls=tls)
