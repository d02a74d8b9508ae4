"""Proving who asks: Basic, and Bearer tokens fetched for a scope (distribution-spec's token protocol).

Credentials leave this module in two ways only: as Basic to the registry itself, and to the token server
that this very registry named, which must use TLS when the registry does.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from berth.base.errors import InvalidArgument
from berth.registry.address import Url, parse_url
from berth.registry.challenge import Challenge
from berth.registry.credentials import Credentials
from berth.registry.errors import NoCredentials, Unreachable, parse_refusal, request_text
from berth.registry.http import Answer, Body
from berth.registry.streams import one_chunk
from berth.registry.transport import Request, Transport

_TOKEN_LIMIT = 1 << 20
_LIFETIME_S = 60
_CLIENT = "docker"
_MARGIN_S = 5.0


class _TokenBody(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: int | None = None


class Token(NamedTuple):
    """``refresh`` is an identity token that stands for the password, empty when none was given."""

    value: str
    refresh: str
    expires_at: float


class Authorizer:
    """The credentials of one caller at one endpoint, and the tokens obtained with them."""

    def __init__(
        self, transport: Transport, endpoint: Url, credentials: Credentials, *, verify: bool
    ) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._credentials = credentials
        self._verify = verify
        self._challenges: tuple[Challenge, ...] = ()
        self._tokens: dict[str, Token] = {}

    @property
    def challenged(self) -> bool:
        """Whether the registry wants to know who asks."""
        return bool(self._challenges)

    def learn(self, challenges: Sequence[Challenge]) -> None:
        """What the registry said with a 401."""
        known = tuple(c for c in challenges if c.scheme in ("basic", "bearer"))
        if known:
            self._challenges = known

    def forget(self, scope: str) -> None:
        """The token for ``scope`` was refused."""
        self._tokens.pop(scope, None)

    async def header(self, scope: str) -> str:
        """The Authorization header for requests of ``scope``; empty when the registry does not ask.

        NoCredentials when it asks for Basic and there are none.
        """
        bearer = self._challenge("bearer")
        if bearer is not None:
            if self._credentials.registry_token:
                return f"Bearer {self._credentials.registry_token}"
            return f"Bearer {(await self._token(bearer, scope)).value}"
        if self._challenge("basic") is not None:
            if not self._credentials.username:
                raise NoCredentials("no basic auth credentials")
            return self._credentials.basic
        return ""

    async def login(self) -> str:
        """Prove the credentials to the token server; returns the identity token that it gave, if any."""
        bearer = self._challenge("bearer")
        if bearer is None:
            return ""
        token = await self._fetch(bearer, "", offline=True)
        self._tokens[""] = token
        return token.refresh

    def _challenge(self, scheme: str) -> Challenge | None:
        return next((c for c in self._challenges if c.scheme == scheme), None)

    async def _token(self, challenge: Challenge, scope: str) -> Token:
        token = self._tokens.get(scope)
        if token is None or token.expires_at - _MARGIN_S < time.monotonic():
            token = await self._fetch(challenge, scope, offline=False)
            self._tokens[scope] = token
        return token

    async def _fetch(self, challenge: Challenge, scope: str, *, offline: bool) -> Token:
        realm = self._realm(challenge)
        service = challenge.parameters.get("service", "")
        if self._credentials.identity_token:
            answer = await self._post(realm, service, scope)
        else:
            answer = await self._get(realm, service, scope, offline=offline)
        try:
            data = await answer.read(_TOKEN_LIMIT)
        finally:
            answer.close()
        name = str(realm).partition("?")[0]
        if answer.status != 200:
            raise parse_refusal(
                answer.status, data, where=request_text("GET", name, "token").rpartition(":")[0]
            )
        return _parse_token(data, name)

    def _realm(self, challenge: Challenge) -> Url:
        text = challenge.parameters.get("realm", "")
        try:
            realm = parse_url(text)
        except InvalidArgument:
            raise Unreachable(
                f"invalid token auth challenge realm: {text[:200]!r}", transient=False
            ) from None
        if self._endpoint.scheme == "https" and realm.scheme != "https":
            raise Unreachable(f"the token server {realm.host} does not use TLS", transient=False)
        return realm

    async def _get(self, realm: Url, service: str, scope: str, *, offline: bool) -> Answer:
        query = [("service", service)] if service else []
        query += [("scope", one) for one in scope.split()]
        if self._credentials.username:
            query.append(("account", self._credentials.username))
        if offline:
            query += [("offline_token", "true"), ("client_id", _CLIENT)]
        separator = "&" if "?" in realm.target else "?"
        url = realm.at(realm.target + (separator + urlencode(query) if query else ""))
        basic = self._credentials.basic if self._credentials.username else ""
        return await self._transport.send(
            Request("GET", url, authorization=basic, verify=self._verifies(realm))
        )

    async def _post(self, realm: Url, service: str, scope: str) -> Answer:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._credentials.identity_token,
            "service": service,
            "client_id": _CLIENT,
        }
        if scope:
            form["scope"] = scope
        data = urlencode(form).encode()
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        body = Body(one_chunk(data), len(data))
        return await self._transport.send(
            Request("POST", realm, headers, body=body, verify=self._verifies(realm))
        )

    def _verifies(self, realm: Url) -> bool:
        """A token server is as trusted as its registry only when it is the same host."""
        return self._verify or realm.host != self._endpoint.host


def _parse_token(data: bytes, name: str) -> Token:
    try:
        body = msgspec.json.decode(data, type=_TokenBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreachable(f"unable to decode token response of {name}", transient=False) from None
    value = body.token or body.access_token or ""
    if not value or not (value.isascii() and value.isprintable()):
        raise Unreachable(
            f"authorization server {name} did not include a token in the response", transient=False
        )
    lifetime = max(body.expires_in or 0, _LIFETIME_S)
    return Token(value, body.refresh_token or "", time.monotonic() + lifetime)
