"""URLs as this room uses them, and which requests go through a proxy."""

import base64
import ipaddress
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from berth.base.errors import InvalidArgument
from berth.registry.settings import Proxies

_PORTS = {"http": 80, "https": 443}


class Url(NamedTuple):
    """An absolute URL without user and fragment; ``target`` is its path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """``host`` or ``host:port`` when the port is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for credentials to be sent along."""
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def at(self, target: str) -> "Url":
        """Another path and query at the same place."""
        return self._replace(target=target)

    def join(self, reference: str) -> "Url":
        """A reference of this URL, such as a Location header has; InvalidArgument when it is no HTTP URL."""
        return parse_url(urljoin(str(self), reference))


def parse_url(text: str) -> Url:
    """InvalidArgument for anything but an absolute HTTP URL."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidArgument(f"invalid URL {text!r}") from None
    host = parts.hostname or ""
    clean = text.isascii() and text.isprintable() and " " not in text
    if parts.scheme not in _PORTS or not host or not clean:
        raise InvalidArgument(f"invalid URL {text!r}")
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return Url(parts.scheme, host, port or _PORTS[parts.scheme], target)


class Proxy(NamedTuple):
    """Where a proxy is, and the ``Proxy-Authorization`` that its URL's user makes, else empty."""

    url: Url
    authorization: str

    def __repr__(self) -> str:
        return f"Proxy({self.url})"


def proxy_for(url: Url, proxies: Proxies) -> Proxy | None:
    """The proxy for a request, by the rules of Go's ``httpproxy`` (what dockerd follows); None for none.

    Loopback is never reached through a proxy.
    """
    chosen = proxies.https if url.scheme == "https" else proxies.http
    if not chosen or url.host == "localhost" or _is_loopback(url.host):
        return None
    if _excepted(url, proxies.exceptions):
        return None
    return _parse_proxy(chosen if "://" in chosen else f"http://{chosen}")


def _parse_proxy(text: str) -> Proxy:
    parts = urlsplit(text)
    if not parts.username:
        return Proxy(parse_url(text), "")
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return Proxy(parse_url(text), "Basic " + base64.b64encode(pair).decode())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _excepted(url: Url, exceptions: str) -> bool:
    host = url.host.lower().rstrip(".")
    for entry in exceptions.lower().replace(" ", ",").split(","):
        if entry == "*":
            return True
        if entry and _entry_fits(entry, host, url.port):
            return True
    return False


def _entry_fits(entry: str, host: str, port: int) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, wanted = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if colon and wanted != str(port):
        return False
    name = name.removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return host == name or (address is None and host.endswith(f".{name}"))
