"""Requests by URL: connections kept and shared, redirects followed, credentials kept where they belong."""

import asyncio
import ipaddress
import ssl
import time
from typing import NamedTuple

import h11

from berth.base.errors import InvalidArgument
from berth.registry.address import Url, proxy_for
from berth.registry.certificates import make_context
from berth.registry.dial import Route, dial
from berth.registry.errors import Unreachable, request_text
from berth.registry.http import Answer, Body, Connection, Headers
from berth.registry.settings import RegistrySettings

_IDLE_LIMIT = 8
_IDLE_S = 30.0
_REDIRECTS = 10
_REDIRECTED = (301, 302, 303, 307, 308)


class Request(NamedTuple):
    """One request. ``authorization`` is sent to the origin of ``url`` and to nobody else.

    ``verify`` false: the origin may show any certificate (an insecure registry).
    """

    method: str
    url: Url
    headers: Headers = []  # noqa: RUF012 - a tuple's default, never changed
    authorization: str = ""
    body: Body | None = None
    verify: bool = True

    @property
    def name(self) -> str:
        """For error texts; without a query, which may hold a signature."""
        return str(self.url).partition("?")[0]

    def __repr__(self) -> str:
        return f"Request({self.method} {self.name})"


_Key = tuple[tuple[str, str, int], bool]


class Transport:
    """The pool of connections of one set of settings."""

    def __init__(self, settings: RegistrySettings) -> None:
        self._settings = settings
        self._idle: dict[_Key, list[tuple[float, Connection]]] = {}
        self._contexts: dict[_Key, ssl.SSLContext] = {}
        self._closed = False

    async def send(self, request: Request) -> Answer:
        """Send and follow redirects of what has no body. Unreachable, naming the request, when it fails.

        A redirect leaves the credentials behind unless it stays at the same origin, and never leads from
        TLS to plain HTTP.
        """
        first = request.url
        current = request
        for _ in range(_REDIRECTS):
            answer = await self._send_once(current)
            location = answer.header("location")
            followed = request.body is None and request.method in ("GET", "HEAD")
            if not (followed and location and answer.status in _REDIRECTED):
                return answer
            await answer.read(_IDLE_LIMIT << 10)
            answer.close()
            target = _redirected(current, location)
            same = target.origin == first.origin
            headers = request.headers if same else [h for h in request.headers if h[0] != "Cookie"]
            current = request._replace(
                url=target,
                headers=headers,
                authorization=request.authorization if same else "",
                verify=request.verify if target.host == first.host else True,
            )
        raise Unreachable(
            request_text(request.method, request.name, f"stopped after {_REDIRECTS} redirects"),
            transient=False,
        )

    async def _send_once(self, request: Request) -> Answer:
        try:
            return await self._exchange(request)
        except Unreachable as error:
            text = request_text(request.method, request.name, error.message)
            raise Unreachable(text, transient=error.transient) from None

    async def _exchange(self, request: Request) -> Answer:
        event = self._event(request)
        while True:
            connection = await self._connection(request)
            try:
                return await connection.exchange(event, request.body)
            except Unreachable:
                # An idle connection may have been closed by the other end just now; that says nothing.
                if not connection.reused or request.body is not None:
                    raise

    def _event(self, request: Request) -> h11.Request:
        url = request.url
        headers = [("Host", url.authority), ("User-Agent", self._settings.user_agent), *request.headers]
        if request.authorization:
            headers.append(("Authorization", request.authorization))
        if request.body is not None and request.body.length is None:
            headers.append(("Transfer-Encoding", "chunked"))
        elif request.body is not None or request.method in ("POST", "PUT", "PATCH"):
            length = request.body.length if request.body else 0
            headers.append(("Content-Length", str(length)))
        target = url.target
        proxy = proxy_for(url, self._settings.proxies)
        if proxy is not None and url.scheme == "http":
            target = str(url)
            if proxy.authorization:
                headers.append(("Proxy-Authorization", proxy.authorization))
        return h11.Request(method=request.method, target=target, headers=headers)

    async def _connection(self, request: Request) -> Connection:
        key = (request.url.origin, request.verify)
        idle = self._idle.get(key, [])
        while idle:
            since, connection = idle.pop()
            if connection.usable and time.monotonic() - since < _IDLE_S:
                return connection
            connection.close()
        context = await self._context(request) if request.url.scheme == "https" else None
        route = Route(request.url, context, proxy_for(request.url, self._settings.proxies))
        streams = await dial(route, self._settings.timeouts.connect)
        return Connection(streams, self._settings.timeouts, lambda done: self._keep(key, done))

    async def _context(self, request: Request) -> ssl.SSLContext:
        key = (request.url.origin, request.verify)
        if key not in self._contexts:
            directories = self._settings.certificates
            self._contexts[key] = await asyncio.to_thread(
                make_context, request.url.authority, directories, verify=request.verify
            )
        return self._contexts[key]

    def _keep(self, key: _Key, connection: Connection) -> None:
        idle = self._idle.setdefault(key, [])
        if self._closed or len(idle) >= _IDLE_LIMIT:
            connection.close()
        else:
            idle.append((time.monotonic(), connection))

    def forget_contexts(self) -> None:
        """Read certificates anew from now on, so that a new authority works without a restart."""
        self._contexts.clear()

    def close(self) -> None:
        """Hang up every idle connection; those in use are closed when they are done."""
        self._closed = True
        for idle in self._idle.values():
            for _, connection in idle:
                connection.close()
        self._idle.clear()


def _redirected(request: Request, location: str) -> Url:
    try:
        target = request.url.join(location)
    except InvalidArgument:
        raise Unreachable(
            request_text(request.method, request.name, "redirected to an invalid URL"), transient=False
        ) from None
    if request.url.scheme == "https" and target.scheme != "https":
        raise Unreachable(
            request_text(request.method, request.name, f"redirected from TLS to plain HTTP at {target.host}"),
            transient=False,
        )
    return target


def is_literal(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
