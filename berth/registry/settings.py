"""What the administrator decides about registries: values, read nowhere in this room."""

from pathlib import Path

import msgspec


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds to wait for a connection, for the head of an answer, and for the next bytes of its body."""

    connect: float = 30.0
    head: float = 60.0
    idle: float = 60.0


class Proxies(msgspec.Struct, frozen=True, kw_only=True):
    """Proxies by the scheme that they are for (``HTTP_PROXY``, ``HTTPS_PROXY``), and who is reached
    without (``NO_PROXY``)."""

    http: str = ""
    https: str = ""
    exceptions: str = ""


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that changes how registries are reached.

    ``insecure``: hosts with or without port, and networks, that may be spoken to without a verified
    certificate or without TLS; loopback always may. ``mirrors``: base URLs tried before Docker Hub.
    ``certificates``: directories laid out as ``/etc/docker/certs.d``, later ones add to earlier ones.
    """

    insecure: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    proxies: Proxies = Proxies()
    certificates: tuple[Path, ...] = (Path("/etc/docker/certs.d"), Path("/etc/berth/certs.d"))
    timeouts: Timeouts = Timeouts()
    user_agent: str = "berth"
