"""One repository at one registry: blobs and manifests to write (OCI distribution-spec 1.1, "Push")."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlencode

from berth.base.digest import Digest
from berth.registry.address import Url
from berth.registry.errors import RegistryError, Unreachable, request_text
from berth.registry.http import Answer, Body
from berth.registry.repository import Repository
from berth.registry.retry import may_pass, persistently
from berth.registry.session import Ask
from berth.registry.streams import one_chunk

_ANSWER_LIMIT = 64 << 10


class Outflow(Protocol):
    """A blob that can be produced again from any offset, always the same bytes."""

    @property
    def digest(self) -> Digest:
        """Its digest, once it was produced to the end."""

    def chunks(self, offset: int) -> AsyncGenerator[bytes, None]:
        """The bytes from ``offset`` on."""


class Mounted(NamedTuple):
    """What came of asking for a mount: ``done``, or the upload that the registry has begun instead."""

    done: bool
    upload: Url | None


class Pusher:
    """Writes to one repository. ``also`` are scopes for the repositories that blobs are mounted from."""

    def __init__(self, repository: Repository, also: tuple[str, ...] = ()) -> None:
        self._repository = repository
        self._session = repository.session
        self._scope = " ".join((repository.scope, *(f"repository:{path}:pull" for path in also)))
        self._base = f"/v2/{repository.path}"

    async def has_blob(self, digest: Digest) -> int | None:
        """The size of a blob that is there already, else None."""

        async def attempt() -> int | None:
            answer = await self._session.ask(
                Ask("HEAD", f"{self._base}/blobs/{digest}", self._scope, (200, 404))
            )
            size = answer.header("content-length")
            answer.close()
            return (int(size) if size.isdecimal() else 0) if answer.status == 200 else None

        return await persistently(attempt, self._repository.patience)

    async def mount(self, digest: Digest, source: str) -> Mounted:
        """Take a blob over from the repository ``source`` of the same registry, without sending it."""
        query = urlencode({"mount": digest, "from": source})
        answer = await self._begin(f"?{query}", (201, 202))
        if answer.status == 201:
            return Mounted(done=True, upload=None)
        return Mounted(done=False, upload=self._location(answer))

    async def upload(self, blob: Outflow, begun: Url | None = None) -> None:
        """Send a blob in one stream; a connection that breaks is taken up where the registry says."""
        failures = steps = offset = 0
        location = begun
        while True:
            before = offset
            try:
                if location is None:
                    location, offset, before = await self._start(), 0, 0
                elif steps:
                    location, offset = await self._where(location)
                location = await self._send_rest(location, blob, offset)
                await self._finish(location, blob.digest)
                return
            except (RegistryError, Unreachable) as error:
                failures = 1 if offset > before else failures + 1
                steps += 1
                patience = self._repository.patience
                gone = isinstance(error, RegistryError) and error.status in (404, 416)
                lost = gone and location is not None  # an upload, not the repository
                if lost:
                    location = None
                if not (may_pass(error) or lost) or failures >= patience.attempts or steps >= patience.steps:
                    raise
                await asyncio.sleep(patience.delay(failures, error))

    async def put_small(self, data: bytes, digest: Digest) -> None:
        """Send a blob that is in memory in one request after the announcement."""

        async def attempt() -> None:
            location = await self._start()
            await self._close_upload(location, digest, lambda: Body(one_chunk(data), len(data)))

        await persistently(attempt, self._repository.patience)

    async def put_manifest(self, reference: str, data: bytes, media_type: str) -> None:
        """Publish a manifest under a tag or its digest; everything that it names must be there."""

        async def attempt() -> None:
            ask = Ask(
                "PUT",
                f"{self._base}/manifests/{quote(reference, safe=':')}",
                self._scope,
                (200, 201, 202),
                [("Content-Type", media_type)],
                lambda: Body(one_chunk(data), len(data)),
            )
            await self._drained(await self._session.ask(ask))

        await persistently(attempt, self._repository.patience)

    async def _start(self) -> Url:
        return self._location(await self._begin("", (202,)))

    async def _begin(self, query: str, fine: tuple[int, ...]) -> Answer:
        return await self._drained(
            await self._session.ask(Ask("POST", f"{self._base}/blobs/uploads/{query}", self._scope, fine))
        )

    async def _send_rest(self, location: Url, blob: Outflow, offset: int) -> Url:
        ask = Ask(
            "PATCH",
            location,
            self._scope,
            (201, 202, 204),
            [("Content-Type", "application/octet-stream")],
            lambda: Body(blob.chunks(offset), None),
        )
        return self._location(await self._drained(await self._session.ask(ask)))

    async def _finish(self, location: Url, digest: Digest) -> None:
        await self._close_upload(location, digest, None)

    async def _close_upload(self, location: Url, digest: Digest, body: Callable[[], Body] | None) -> None:
        separator = "&" if "?" in location.target else "?"
        url = location.at(f"{location.target}{separator}{urlencode({'digest': digest})}")
        headers = [("Content-Type", "application/octet-stream")] if body else []
        answer = await self._session.ask(Ask("PUT", url, self._scope, (201, 204), headers, body))
        await self._drained(answer)

    async def _where(self, location: Url) -> tuple[Url, int]:
        """Where an upload that was cut off goes on: its place, and how many bytes the registry has."""
        answer = await self._drained(await self._session.ask(Ask("GET", location, self._scope, (202, 204))))
        last = answer.header("range").removeprefix("bytes=").partition("-")[2]
        return self._location(answer, location), int(last) + 1 if last.isdecimal() and last != "0" else 0

    async def _drained(self, answer: Answer) -> Answer:
        try:
            await answer.read(_ANSWER_LIMIT)
        finally:
            answer.close()
        return answer

    def _location(self, answer: Answer, known: Url | None = None) -> Url:
        text = answer.header("location")
        if not text:
            if known is not None:
                return known
            raise Unreachable(
                request_text("POST", self._base, "the registry does not say where to send a blob"),
                transient=False,
            )
        return self._session.endpoint.base.join(text)
