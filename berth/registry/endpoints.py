"""From the domain of an image's name to the places where it may be served, in the order to try them."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.base.reference import DEFAULT_DOMAIN
from berth.registry.address import Url, parse_url
from berth.registry.settings import RegistrySettings

_HUB = "registry-1.docker.io"
_LOOPBACK = ("127.0.0.0/8", "::1/128")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Endpoint(NamedTuple):
    """One place: ``base`` without a path (mirrors may have one), and how much it has to prove.

    ``credentials`` is false for mirrors: those of the registry are not meant for them.
    """

    base: Url
    verify: bool
    credentials: bool = True

    def url(self, path: str) -> Url:
        """The URL of ``/v2/...`` here."""
        return self.base.at(self.base.target.rstrip("/") + path)


async def find_endpoints(
    domain: str, settings: RegistrySettings, *, mirrors: bool = False
) -> tuple[Endpoint, ...]:
    """TLS first; plain HTTP after it where the registry is declared insecure or is on this machine.

    InvalidArgument for a domain that makes no URL.
    """
    if domain == DEFAULT_DOMAIN:
        own = (Endpoint(parse_url(f"https://{_HUB}/"), verify=True),)
        return (*_mirrors(settings), *own) if mirrors else own
    secure = Endpoint(parse_url(f"https://{domain}/"), verify=True)
    if not await _is_insecure(domain, secure.base.host, settings.insecure):
        return (secure,)
    return (secure._replace(verify=False), Endpoint(parse_url(f"http://{domain}/"), verify=False))


def _mirrors(settings: RegistrySettings) -> Sequence[Endpoint]:
    found = []
    for text in settings.mirrors:
        url = parse_url(text)
        verify = url.authority not in settings.insecure and url.host not in settings.insecure
        found.append(Endpoint(url, verify=verify, credentials=False))
    return found


async def _is_insecure(domain: str, host: str, declared: Sequence[str]) -> bool:
    names = {entry for entry in declared if "/" not in entry}
    if domain in names or host in names:
        return True
    networks = [_network(entry) for entry in (*_LOOPBACK, *declared) if "/" in entry]
    addresses = await _addresses(host)
    return any(address in network for address in addresses for network in networks if network)


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


async def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []  # the connection will say why
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def check_settings(settings: RegistrySettings) -> None:
    """InvalidArgument, in dockerd's words, for mirrors and insecure registries that cannot be meant."""
    for text in settings.mirrors:
        try:
            parse_url(text)
        except InvalidArgument:
            raise InvalidArgument(f"invalid mirror: {text} not a valid URI") from None
    for entry in settings.insecure:
        if "://" in entry:
            raise InvalidArgument(f"insecure registry {entry} should not contain '://'")
        if "/" in entry and _network(entry) is None:
            raise InvalidArgument(f"insecure registry {entry} is not valid: expected a host or a network")
