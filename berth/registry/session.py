"""Requests to one endpoint on behalf of one caller: authorised, repeated once after a fresh challenge."""

import datetime
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from berth.registry.address import Url
from berth.registry.auth import Authorizer
from berth.registry.challenge import parse_challenges
from berth.registry.credentials import Credentials
from berth.registry.endpoints import Endpoint
from berth.registry.errors import NoCredentials, RegistryError, parse_refusal, request_text
from berth.registry.http import Answer, Body, Headers
from berth.registry.transport import Request, Transport

_ERROR_LIMIT = 64 << 10


class Ask(NamedTuple):
    """A request of the protocol: ``path`` below the endpoint or a whole URL, and the statuses that are fine.

    ``scope`` is what a token must allow. ``body`` makes the body anew, for the second attempt.
    """

    method: str
    where: str | Url
    scope: str
    fine: tuple[int, ...] = (200,)
    headers: Headers = []  # noqa: RUF012 - a tuple's default, never changed
    body: Callable[[], Body] | None = None


class Session:
    """See the module. ``ping`` comes first: it finds out whom the registry wants to know."""

    def __init__(self, transport: Transport, endpoint: Endpoint, credentials: Credentials) -> None:
        self.endpoint = endpoint
        self._transport = transport
        given = credentials if endpoint.credentials else Credentials()
        self._auth = Authorizer(transport, endpoint.base, given, verify=endpoint.verify)

    async def ping(self) -> None:
        """Ask for ``/v2/`` (distribution-spec, "Determining Support"), without credentials.

        Unreachable when nobody answers, RegistryError when the answer is no registry's.
        """
        url = self.endpoint.url("/v2/")
        answer = await self._transport.send(Request("GET", url, verify=self.endpoint.verify))
        try:
            data = await answer.read(_ERROR_LIMIT)
        finally:
            answer.close()
        if answer.status == 401:
            self._auth.learn(parse_challenges(answer.headers("www-authenticate")))
        elif answer.status == 429 or answer.status >= 500:
            raise _refusal(answer, data, request_text("GET", str(url), "").removesuffix(": "))

    async def login(self) -> str:
        """Prove the credentials; returns an identity token, or an empty text. RegistryError when refused."""
        identity = await self._auth.login()
        url = self.endpoint.url("/v2/")
        header = await self._named("GET", url, "")
        answer = await self._transport.send(
            Request("GET", url, authorization=header, verify=self.endpoint.verify)
        )
        try:
            data = await answer.read(_ERROR_LIMIT)
        finally:
            answer.close()
        if answer.status != 200:
            raise _refusal(answer, data, request_text("GET", str(url), "").removesuffix(": "))
        return identity

    async def ask(self, ask: Ask) -> Answer:
        """Send; the answer has one of the fine statuses and must be closed. RegistryError for any other."""
        url = self.endpoint.url(ask.where) if isinstance(ask.where, str) else ask.where
        answer = await self._send(ask, url)
        if answer.status == 401 and self._learn(answer, ask.scope):
            await answer.read(_ERROR_LIMIT)
            answer.close()
            answer = await self._send(ask, url)
        if answer.status in ask.fine:
            return answer
        try:
            data = await answer.read(_ERROR_LIMIT) if ask.method != "HEAD" else b""
        finally:
            answer.close()
        name = str(url).partition("?")[0]
        raise _refusal(answer, data, request_text(ask.method, name, "").removesuffix(": "))

    async def _send(self, ask: Ask, url: Url) -> Answer:
        own = url.origin == self.endpoint.base.origin
        header = await self._named(ask.method, url, ask.scope) if own else ""
        body = ask.body() if ask.body else None
        verify = self.endpoint.verify or url.host != self.endpoint.base.host
        return await self._transport.send(Request(ask.method, url, ask.headers, header, body, verify))

    async def _named(self, method: str, url: Url, scope: str) -> str:
        """The Authorization header; what is wrong with it is told with the request, as Go does."""
        try:
            return await self._auth.header(scope)
        except NoCredentials as error:
            text = request_text(method, str(url).partition("?")[0], error.message)
            raise NoCredentials(text, error.cause) from None
        except RegistryError as error:
            text = request_text(method, str(url).partition("?")[0], error.message)
            raise RegistryError(
                text, code=error.code, status=error.status, retry_after=error.retry_after
            ) from None

    def _learn(self, answer: Answer, scope: str) -> bool:
        """Whether trying again makes sense: the registry had not asked before, or a token has run out."""
        challenges = parse_challenges(answer.headers("www-authenticate"))
        fresh = not self._auth.challenged
        stale = any(c.scheme == "bearer" and c.parameters.get("error") == "invalid_token" for c in challenges)
        if not (challenges and (fresh or stale)):
            return False
        self._auth.learn(challenges)
        self._auth.forget(scope)
        return True


def _refusal(answer: Answer, data: bytes, where: str) -> RegistryError:
    missing = any(
        challenge.parameters.get("error") == "insufficient_scope"
        for challenge in parse_challenges(answer.headers("www-authenticate"))
    )
    return parse_refusal(
        answer.status,
        data,
        where=where,
        scope_missing=answer.status == 401 and missing,
        retry_after=_retry_after(answer.header("retry-after")),
    )


def _retry_after(text: str) -> float | None:
    """Seconds, from either form of the header (RFC 9110, section 10.2.3)."""
    if not text:
        return None
    if text.isdecimal() and len(text) < 8:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.datetime.now(datetime.UTC)).total_seconds())
