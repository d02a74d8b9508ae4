"""One repository at one registry: manifests, blobs and tags to read (OCI distribution-spec 1.1, "Pull")."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from berth.base.digest import Digest, parse_digest
from berth.base.errors import InvalidArgument
from berth.registry.errors import RegistryError, Unreachable, request_text
from berth.registry.http import Answer
from berth.registry.retry import DEFAULT_PATIENCE, Patience, may_pass, persistently
from berth.registry.session import Ask, Session

MANIFEST_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/json",
)
MANIFEST_LIMIT = 4 << 20
"""Bytes of a manifest; the specification asks registries to take at least this much, and none sends more."""
_TAGS_LIMIT = 16 << 20
_PAGES = 1000


class Document(NamedTuple):
    """A manifest as it came: its bytes, their digest, and what the registry says that they are."""

    data: bytes
    media_type: str
    digest: Digest


class Described(NamedTuple):
    """What a registry says of a manifest without sending it."""

    media_type: str
    digest: Digest
    size: int


class _Tags(msgspec.Struct):
    tags: tuple[str, ...] | None = None


class _Said(msgspec.Struct):
    media_type: str = msgspec.field(name="mediaType", default="")


class Repository:
    """See the module. ``path`` is the name without its registry; ``pushes``: tokens must allow writing."""

    def __init__(
        self, session: Session, path: str, *, pushes: bool = False, patience: Patience = DEFAULT_PATIENCE
    ) -> None:
        self.session = session
        self.path = path
        self.patience = patience
        self.scope = f"repository:{path}:{'pull,push' if pushes else 'pull'}"

    @property
    def place(self) -> str:
        """The registry's authority, for logs and errors."""
        return self.session.endpoint.base.authority

    async def describe(self, reference: str) -> Described | None:
        """The digest that a tag stands for at the moment; None when the registry does not tell without
        sending the manifest, or refuses: ``manifest`` will say why."""
        ask = Ask("HEAD", self._manifest_path(reference), self.scope, headers=_accept())
        try:
            answer = await self.session.ask(ask)
        except (RegistryError, Unreachable):
            return None
        try:
            digest = answer.header("docker-content-digest")
            size = answer.header("content-length")
            return Described(
                answer.header("content-type").partition(";")[0].strip(),
                parse_digest(digest),
                int(size) if size.isdecimal() else 0,
            )
        except InvalidArgument:
            return None
        finally:
            answer.close()

    async def manifest(self, reference: str) -> Document:
        """A manifest by tag or digest. RegistryError when there is none, Unreachable when it is wrong."""
        return await persistently(lambda: self._manifest(reference), self.patience)

    async def _manifest(self, reference: str) -> Document:
        path = self._manifest_path(reference)
        answer = await self.session.ask(Ask("GET", path, self.scope, headers=_accept()))
        name = str(self.session.endpoint.url(path))
        try:
            stated = answer.header("content-length")
            if stated.isdecimal() and int(stated) > MANIFEST_LIMIT:
                raise _too_large(name, int(stated))
            data = await answer.read(MANIFEST_LIMIT)
        except Unreachable as error:
            raise Unreachable(request_text("GET", name, error.message)) from None
        finally:
            answer.close()
        if len(data) > MANIFEST_LIMIT:
            raise _too_large(name, len(data))
        return Document(data, _media_type(answer, data), _checked(data, reference, answer, name))

    async def tags(self) -> tuple[str, ...]:
        """Every tag, as the registry sorts them."""
        found: list[str] = []
        ask = Ask("GET", f"/v2/{self.path}/tags/list", self.scope)
        for _ in range(_PAGES):
            answer = await self.session.ask(ask)
            try:
                data = await answer.read(_TAGS_LIMIT)
            finally:
                answer.close()
            found += _decode_tags(data, self.place).tags or ()
            following = next_page(answer)
            if not following:
                break
            ask = ask._replace(where=self.session.endpoint.base.join(following))
        return tuple(found)

    async def small_blob(self, digest: Digest, limit: int) -> bytes:
        """A blob that is read whole, such as a configuration, and has its digest."""

        async def attempt() -> bytes:
            answer = await self._blob_answer(digest, 0)
            name = self._blob_name(digest)
            try:
                data = await answer.read(limit)
            except Unreachable as error:
                raise Unreachable(request_text("GET", name, error.message)) from None
            finally:
                answer.close()
            if len(data) > limit:
                raise _too_large(name, len(data))
            if found := _other_digest(data, digest):
                raise Unreachable(
                    request_text("GET", name, f"wrong digest: expected {digest}, got {found}"),
                    transient=False,
                )
            return data

        return await persistently(attempt, self.patience)

    async def blob(self, digest: Digest, size: int, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes of a blob from ``offset`` on, ``size`` being its whole length.

        A connection that breaks is opened again where it broke. The digest is the caller's to check, over
        everything. Unreachable or RegistryError when patience is at its end.
        """
        failures = steps = 0
        while offset < size:
            before = offset
            try:
                async for chunk in self._blob_from(digest, size, offset):
                    offset += len(chunk)
                    yield chunk
            except (RegistryError, Unreachable) as error:
                failures = 1 if offset > before else failures + 1
                steps += 1
                if not may_pass(error) or failures >= self.patience.attempts or steps >= self.patience.steps:
                    raise
                if offset == before:
                    await asyncio.sleep(self.patience.delay(failures, error))

    async def _blob_from(self, digest: Digest, size: int, offset: int) -> AsyncIterator[bytes]:
        name = self._blob_name(digest)
        answer = await self._blob_answer(digest, offset)
        try:
            skip = offset if answer.status == 200 else 0
            left = size - offset
            async for chunk in answer.chunks():
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                piece = chunk[skip:] if skip else chunk
                skip = 0
                if len(piece) > left:
                    raise Unreachable(f"longer than the {size} bytes of its manifest", transient=False)
                left -= len(piece)
                yield piece
            if left:
                raise Unreachable(f"unexpected EOF: {left} bytes of {size} are missing")
        except Unreachable as error:
            raise Unreachable(request_text("GET", name, error.message), transient=error.transient) from None
        finally:
            answer.close()

    async def _blob_answer(self, digest: Digest, offset: int) -> Answer:
        headers = [("Accept-Encoding", "identity")]
        if offset:
            headers.append(("Range", f"bytes={offset}-"))
        ask = Ask("GET", f"/v2/{self.path}/blobs/{digest}", self.scope, (200, 206), headers)
        return await self.session.ask(ask)

    def _blob_name(self, digest: Digest) -> str:
        return str(self.session.endpoint.url(f"/v2/{self.path}/blobs/{digest}"))

    def _manifest_path(self, reference: str) -> str:
        return f"/v2/{self.path}/manifests/{quote(reference, safe=':')}"


def _accept() -> list[tuple[str, str]]:
    return [("Accept", kind) for kind in MANIFEST_TYPES]


def _media_type(answer: Answer, data: bytes) -> str:
    """That of the document itself when it has one: some registries say ``text/plain`` or JSON only."""
    stated = answer.header("content-type").partition(";")[0].strip()
    if stated in MANIFEST_TYPES and stated != "application/json":
        return stated
    try:
        return msgspec.json.decode(data, type=_Said).media_type or stated
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return stated


def _checked(data: bytes, reference: str, answer: Answer, name: str) -> Digest:
    """The digest of a manifest, compared with the one that was asked for or promised."""
    actual = Digest("sha256:" + hashlib.sha256(data).hexdigest())
    wanted = reference if ":" in reference else answer.header("docker-content-digest") or actual
    other = _other_digest(data, Digest(wanted))
    if other:
        raise Unreachable(
            request_text("GET", name, f"manifest verification failed for digest {wanted}"), transient=False
        )
    return Digest(wanted)


def _other_digest(data: bytes, expected: Digest) -> str:
    """The digest of ``data`` in the algorithm of ``expected`` when it is another one, else empty."""
    algorithm = expected.partition(":")[0]
    if algorithm not in ("sha256", "sha512"):
        return f"an unknown algorithm: {algorithm}"
    found = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
    return found if found != expected else ""


def _too_large(name: str, size: int) -> Unreachable:
    return Unreachable(
        request_text("GET", name, f"a document of {size} bytes or more is refused (limit {MANIFEST_LIMIT})"),
        transient=False,
    )


def _decode_tags(data: bytes, place: str) -> _Tags:
    try:
        return msgspec.json.decode(data, type=_Tags)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreachable(f"{place}: the list of tags cannot be read", transient=False) from None


def next_page(answer: Answer) -> str:
    """The reference of ``Link: <...>; rel="next"`` (RFC 8288), empty on the last page."""
    for value in answer.headers("link"):
        reference, _, parameters = value.partition(">")
        if reference.lstrip().startswith("<") and "next" in parameters:
            return reference.lstrip()[1:]
    return ""


def page_query(count: int) -> str:
    """``?n=`` for lists in pages."""
    return "?" + urlencode({"n": count})
