"""The room's front: registries by the domain of a name."""

from typing import NamedTuple

import msgspec

from berth.base.errors import BerthError
from berth.base.reference import ImageRef
from berth.registry.credentials import ANONYMOUS, Credentials
from berth.registry.endpoints import Endpoint, check_settings, find_endpoints
from berth.registry.errors import RegistryError, Unreachable, status_text
from berth.registry.repository import Repository
from berth.registry.retry import DEFAULT_PATIENCE, Patience, persistently
from berth.registry.session import Session
from berth.registry.settings import RegistrySettings
from berth.registry.transport import Transport


class LoggedIn(NamedTuple):
    """``identity_token`` stands for the password from now on, when the registry gave one."""

    identity_token: str


class Registries:
    """Opens sessions with registries; holds the pool of connections."""

    def __init__(self, settings: RegistrySettings, patience: Patience = DEFAULT_PATIENCE) -> None:
        check_settings(settings)
        self._settings = settings
        self._patience = patience
        self._transport = Transport(settings)

    @property
    def settings(self) -> RegistrySettings:
        """What is in force."""
        return self._settings

    @property
    def transport(self) -> Transport:
        """For requests outside of the distribution protocol (the search of Docker Hub)."""
        return self._transport

    def reconfigure(self, settings: RegistrySettings) -> None:
        """Use other settings for every operation that begins from now on."""
        check_settings(settings)
        self._settings = settings
        self._transport.close()
        self._transport = Transport(settings)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    async def source(
        self, ref: ImageRef, credentials: Credentials = ANONYMOUS, *, insecure: bool = False
    ) -> tuple[Repository, ...]:
        """Where the repository of ``ref`` can be read: mirrors first, the registry itself last.

        Mirrors that do not answer are left out. Unreachable or RegistryError when the registry itself does
        not. ``insecure``: this once the registry counts as one that was declared insecure.
        """
        endpoints = await find_endpoints(ref.domain, self._for(ref, insecure=insecure), mirrors=True)
        mirrors = [e for e in endpoints if not e.credentials]
        own = tuple(e for e in endpoints if e.credentials)
        found = []
        for mirror in mirrors:
            try:
                found.append(await self._opened((mirror,), ANONYMOUS))
            except BerthError:
                continue
        try:
            found.append(await self._opened(own, credentials))
        except BerthError:
            if not found:
                raise
        return tuple(Repository(s, ref.path, patience=self._patience) for s in found)

    async def target(
        self, ref: ImageRef, credentials: Credentials = ANONYMOUS, *, insecure: bool = False
    ) -> Repository:
        """Where the repository of ``ref`` can be written."""
        endpoints = await find_endpoints(ref.domain, self._for(ref, insecure=insecure))
        session = await self._opened(endpoints, credentials)
        return Repository(session, ref.path, pushes=True, patience=self._patience)

    def _for(self, ref: ImageRef, *, insecure: bool) -> RegistrySettings:
        if not insecure:
            return self._settings
        return msgspec.structs.replace(self._settings, insecure=(*self._settings.insecure, ref.domain))

    async def session(self, domain: str, credentials: Credentials = ANONYMOUS) -> Session:
        """The registry itself, for what belongs to no repository."""
        return await self._opened(await find_endpoints(domain, self._settings), credentials)

    async def login(self, domain: str, credentials: Credentials) -> LoggedIn:
        """Try the credentials. RegistryError, in dockerd's words, when the registry does not take them."""
        session = await self._opened(await find_endpoints(domain, self._settings), credentials)
        try:
            return LoggedIn(await session.login())
        except RegistryError as error:
            if error.status != 401 or error.message.startswith("Get "):
                raise
            url = session.endpoint.url("/v2/")
            raise RegistryError(
                f"login attempt to {url} failed with status: {status_text(401)}", status=401
            ) from None

    async def _opened(self, endpoints: tuple[Endpoint, ...], credentials: Credentials) -> Session:
        """A session with the first endpoint that answers; the error of the last one when none does."""
        self._transport.forget_contexts()
        for endpoint in endpoints[:-1]:
            session = Session(self._transport, endpoint, credentials)
            try:
                await session.ping()
            except (Unreachable, RegistryError):
                continue
            return session
        session = Session(self._transport, endpoints[-1], credentials)
        await persistently(session.ping, self._patience._replace(mends=False))
        return session
