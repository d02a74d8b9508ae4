"""``manifest push``: publish a manifest or a list, after bringing over what it names."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from berth.base.digest import Digest, parse_digest, sha256
from berth.base.errors import InvalidArgument, Unauthorized
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.image import manifest as documents
from berth.image.manifest import Descriptor, Manifest
from berth.registry.credentials import Credentials
from berth.registry.errors import RegistryError
from berth.registry.repository import Repository
from berth.registry.upload import Pusher

_ELSEWHERE = ("foreign", "nondistributable")
"""Parts of the types of layers that no registry keeps (image-spec, "Non-Distributable Layers")."""


class Publication(NamedTuple):
    """``source`` is the repository of the same registry where the manifest comes from; empty when what it
    names is in place."""

    ref: ImageRef
    media_type: str
    data: bytes
    source: str
    insecure: bool


class _RemoteBlob:
    """A blob of another repository, for a registry that does not take it over by itself."""

    def __init__(self, source: Repository, digest: Digest, size: int) -> None:
        self._source = source
        self._size = size
        self.digest = digest

    async def chunks(self, offset: int) -> AsyncGenerator[bytes, None]:
        """Its bytes from ``offset`` on."""
        async for chunk in self._source.blob(self.digest, self._size, offset):
            yield chunk


async def push_manifest(engine: Engine, publication: Publication, credentials: Credentials) -> Digest:
    """Publish, and return the digest. InvalidArgument when it is not what its reference says."""
    ref, data = publication.ref, publication.data
    digest = sha256(data)
    if ref.digest is not None and ref.digest != digest:
        raise InvalidArgument(f"internal digest mismatch for {ref}: expected {ref.digest}, got {digest}")
    if publication.media_type not in documents.MANIFEST_TYPES | documents.INDEX_TYPES:
        raise InvalidArgument(f"unsupported manifest format: {publication.media_type}")
    try:
        target = await engine.registries.target(ref, credentials, insecure=publication.insecure)
        pusher = Pusher(target, (publication.source,) if publication.source else ())
        if publication.source:
            origin = ImageRef(ref.domain, publication.source)
            sources = await engine.registries.source(origin, credentials, insecure=publication.insecure)
            manifest = documents.decode(data, Manifest, "manifest")
            for blob in (manifest.config, *manifest.layers):
                if not any(part in blob.media_type for part in _ELSEWHERE):
                    await _bring(pusher, sources[-1], blob)
        await pusher.put_manifest(ref.digest or ref.tag or "latest", data, publication.media_type)
    except RegistryError as error:
        raise Unauthorized(error.message) if error.status == 401 else error from error
    return digest


async def _bring(pusher: Pusher, source: Repository, blob: Descriptor) -> None:
    """Have a blob in the target: it is there, or mounted, or copied through this machine."""
    digest = parse_digest(blob.digest)
    if await pusher.has_blob(digest) is not None:
        return
    mounted = await pusher.mount(digest, source.path)
    if not mounted.done:
        await pusher.upload(_RemoteBlob(source, digest, blob.size), mounted.upload)
