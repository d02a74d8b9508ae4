"""The sockets that the daemon answers on, from ``-H`` and the TLS settings."""

import grp
import os
import ssl
from collections.abc import Mapping, Sequence

from berth.base.errors import Internal, InvalidArgument
from berth.daemon.config import Config
from berth.server.listen import Listener, listen_activated, listen_tcp, listen_unix

Listeners = list[tuple[Listener, ssl.SSLContext | None]]

DEFAULT_SOCKET = "/run/berth.sock"
_TCP_PORT = 2375
_TCP_TLS_PORT = 2376


def open_listeners(config: Config, environment: Mapping[str, str]) -> Listeners:
    """Open every address of ``hosts`` (default: the unix socket). Nothing stays open when one fails."""
    hosts: Sequence[str] = config["hosts"] or (f"unix://{DEFAULT_SOCKET}",)
    context = tls_context(config)
    opened: Listeners = []
    try:
        for host in hosts:
            opened += _open(host, context, config["group"], environment)
    except BaseException:
        for listener, _ in opened:
            listener.close()
        raise
    return opened


def _open(host: str, context: ssl.SSLContext | None, group: str, environment: Mapping[str, str]) -> Listeners:
    scheme, separator, address = host.partition("://")
    if not separator:
        scheme, address = ("unix", host) if host.startswith("/") else ("tcp", host)
    if scheme == "unix":
        return [(listen_unix(os.path.abspath(address or DEFAULT_SOCKET), gid=_group_id(group)), None)]
    if scheme == "tcp":
        name, port = split_address(address, _TCP_TLS_PORT if context else _TCP_PORT)
        return [(listen_tcp(name, port), context)]
    if scheme == "fd":
        found = listen_activated(environment, os.getpid())
        if not found:
            raise Internal(
                "no sockets found via socket activation: make sure the service was started by systemd"
            )
        return [(listener, None) for listener in found]
    raise InvalidArgument(
        f"invalid bind address format: {host}", hint="use unix://PATH, tcp://HOST:PORT or fd://"
    )


def split_address(address: str, default_port: int) -> tuple[str, int]:
    """``host:port``, ``[::1]:port``, ``:port`` or ``host`` to both parts."""
    text = address.rstrip("/")
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = text.partition(":")
    if port and not (port.isdecimal() and int(port) < 65536):
        raise InvalidArgument(f"invalid bind address: {address}: the port is no number below 65536")
    return name or "127.0.0.1", int(port) if port else default_port


def _group_id(name: str) -> int | None:
    """The group that may use the socket; None (the daemon's own group) when it does not exist."""
    if name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def tls_context(config: Config) -> ssl.SSLContext | None:
    """The server side of TLS, verifying clients with ``tlsverify``; None without TLS."""
    if not (config["tls"] or config["tlsverify"]):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(config["tlscert"] or "cert.pem", config["tlskey"] or "key.pem")
        if config["tlsverify"]:
            context.load_verify_locations(config["tlscacert"] or "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise InvalidArgument(
            f"could not load the TLS certificate, key or CA: {error}",
            hint="set --tlscert, --tlskey and, with --tlsverify, --tlscacert",
        ) from error
    return context
