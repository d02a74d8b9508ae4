"""Opening connections: directly or through a proxy, plain or TLS, with Go's words for what goes wrong."""

import asyncio
import errno
import os
import socket
import ssl
from typing import NamedTuple

import h11

from berth.base.errors import BerthError
from berth.registry.address import Proxy, Url
from berth.registry.certificates import failure_text
from berth.registry.errors import Unreachable, status_text

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_BUFFER = 1 << 20
_HOPELESS = (errno.ECONNREFUSED, errno.EACCES, errno.EPERM)


class Route(NamedTuple):
    """How to reach an origin: TLS when ``context`` is there, by ``proxy`` when one is there."""

    url: Url
    context: ssl.SSLContext | None
    proxy: Proxy | None

    @property
    def forwarded(self) -> bool:
        """Whether requests are handed to a proxy whole, instead of tunnelled."""
        return self.proxy is not None and self.context is None


async def dial(route: Route, timeout: float) -> Streams:
    """A connection to the route's origin, ready for requests. Unreachable, without the request's name, says
    why there is none."""
    try:
        async with asyncio.timeout(timeout):
            if route.proxy is None:
                return await _direct(route.url, route.context)
            return await _proxied(route, route.proxy)
    except TimeoutError:
        target = route.proxy.url if route.proxy else route.url
        raise Unreachable(f"dial tcp {_place(target)}: i/o timeout") from None


async def _direct(url: Url, context: ssl.SSLContext | None) -> Streams:
    try:
        return await asyncio.open_connection(
            url.host,
            url.port,
            ssl=context,
            server_hostname=url.host if context else None,
            limit=_BUFFER,
        )
    except ssl.SSLError as error:
        raise _tls_failure(error) from None
    except socket.gaierror as error:
        raise _lookup_failure(url.host, error) from None
    except (ConnectionError, OSError) as error:
        raise _connect_failure(url, error, tls=context is not None) from None


async def _proxied(route: Route, proxy: Proxy) -> Streams:
    context = ssl.create_default_context() if proxy.url.scheme == "https" else None
    reader, writer = await _direct(proxy.url, context)
    if route.context is None:
        return reader, writer
    try:
        await _tunnel(reader, writer, route.url, proxy)
        await writer.start_tls(route.context, server_hostname=route.url.host)
    except ssl.SSLError as error:
        writer.close()
        raise _tls_failure(error) from None
    except (OSError, h11.RemoteProtocolError) as error:
        writer.close()
        raise Unreachable(f"proxyconnect tcp: {error}") from None
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: Url, proxy: Proxy) -> None:
    """Ask for a tunnel (RFC 9110, section 9.3.6)."""
    protocol = h11.Connection(h11.CLIENT)
    place = _place(url)
    headers = [("Host", place)]
    if proxy.authorization:
        headers.append(("Proxy-Authorization", proxy.authorization))
    writer.write(protocol.send(h11.Request(method="CONNECT", target=place, headers=headers)) or b"")
    writer.write(protocol.send(h11.EndOfMessage()) or b"")
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await reader.read(4096))
        elif isinstance(event, h11.Response):
            if not 200 <= event.status_code < 300:
                raise Unreachable(status_text(event.status_code).partition(" ")[2], transient=False)
            return
        elif not isinstance(event, h11.InformationalResponse):
            raise Unreachable("proxyconnect tcp: unexpected EOF")


def _place(url: Url) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port}"


def _tls_failure(error: ssl.SSLError) -> BerthError:
    return Unreachable(failure_text(error), transient=False)


def _lookup_failure(host: str, error: socket.gaierror) -> BerthError:
    unknown = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", -5))
    reason = "no such host" if unknown else (error.strerror or str(error))
    return Unreachable(f"dial tcp: lookup {host}: {reason}", transient=not unknown)


def _connect_failure(url: Url, error: OSError, *, tls: bool) -> BerthError:
    if isinstance(error, ConnectionResetError) and tls:
        return Unreachable("EOF")
    number = error.errno
    if number is None and "Errno" in str(error):
        # Several addresses were tried and asyncio has joined the reasons: the first one is told.
        digits = str(error).partition("[Errno ")[2].partition("]")[0]
        number = int(digits) if digits.isdecimal() else None
    if number is None:
        return Unreachable(f"dial tcp {_place(url)}: {error}")
    reason = os.strerror(number).lower()
    return Unreachable(f"dial tcp {_place(url)}: connect: {reason}", transient=number not in _HOPELESS)
