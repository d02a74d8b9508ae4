"""What this room asks of registries, as protocols: the room of registries fills them, and neither knows
the other."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol

from berth.base.digest import Digest
from berth.image.model import Progress


class TransferProgress(Progress, Protocol):
    """Progress that is also told what concerns no single layer."""

    def say(self, text: str, item: str = "") -> None:
        """One line; ``item`` stands before it."""


class RemoteDocument(Protocol):
    """A manifest as it came, already compared with its digest."""

    @property
    def data(self) -> bytes: ...
    @property
    def media_type(self) -> str: ...
    @property
    def digest(self) -> Digest: ...


class RemoteDescription(Protocol):
    """What is known of a manifest that was not sent."""

    @property
    def digest(self) -> Digest: ...


class ImageSource(Protocol):
    """One repository to read from. Failures are BerthErrors whose text names the request."""

    async def describe(self, reference: str) -> RemoteDescription | None:
        """The digest behind a tag, when that can be had cheaply; None: ``manifest`` will tell."""

    async def manifest(self, reference: str) -> RemoteDocument:
        """A manifest by tag or digest, bounded in size."""

    async def small_blob(self, digest: Digest, limit: int) -> bytes:
        """A blob of at most ``limit`` bytes, verified."""

    def blob(self, digest: Digest, size: int, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes of a blob from ``offset`` to ``size``, not verified; broken connections are mended."""


class Outflow(Protocol):
    """A blob that can be produced again from any offset, always the same bytes."""

    @property
    def digest(self) -> Digest:
        """Its digest, once it was produced to the end."""

    def chunks(self, offset: int) -> AsyncGenerator[bytes, None]:
        """The bytes from ``offset`` on."""


class MountOutcome(Protocol):
    """``done``, or what the registry has begun instead, to be handed to ``upload``."""

    @property
    def done(self) -> bool: ...
    @property
    def upload(self) -> Any: ...


class ImageTarget(Protocol):
    """One repository to write to. Failures are BerthErrors whose text says what was refused."""

    async def has_blob(self, digest: Digest) -> int | None:
        """The size of a blob that is there, else None."""

    async def mount(self, digest: Digest, source: str) -> MountOutcome:
        """Take a blob over from the repository ``source`` of the same registry."""

    async def upload(self, blob: Outflow, begun: Any = None) -> None:
        """Send a blob; broken connections are mended."""

    async def put_small(self, data: bytes, digest: Digest) -> None:
        """Send a blob that is in memory."""

    async def put_manifest(self, reference: str, data: bytes, media_type: str) -> None:
        """Publish a manifest under a tag; all that it names must be there."""
