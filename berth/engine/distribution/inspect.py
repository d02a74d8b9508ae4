"""``distribution inspect``: the descriptor of an image in its registry, and the platforms that it is for."""

from typing import NamedTuple

from berth.base.digest import parse_digest
from berth.base.errors import BerthError, InvalidArgument, NotFound, Unauthorized
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.image import manifest as documents
from berth.image.config import decode_config
from berth.image.manifest import Descriptor, Index, Manifest, Platform
from berth.registry.credentials import Credentials
from berth.registry.errors import RegistryError
from berth.registry.repository import Document, Repository

_CONFIG_LIMIT = 8 << 20
_ABSENT = frozenset(("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "DENIED"))


class Inspected(NamedTuple):
    """What the registry has under the name."""

    descriptor: Descriptor
    platforms: tuple[Platform, ...]


async def inspect_remote(engine: Engine, ref: ImageRef, credentials: Credentials) -> Inspected:
    """Ask the registry; NotFound when it has no such image."""
    named = ref.with_default_tag()
    sources = await engine.registries.source(named, credentials)
    try:
        reference = named.digest or named.tag or "latest"
        described = await sources[-1].describe(reference)  # refuses in the words of dockerd
        document = await sources[-1].manifest(described.digest if described else reference)
        platforms = await _platforms(sources[-1], document)
    except RegistryError as error:
        raise _explained(error) from error
    kind = document.media_type
    return Inspected(Descriptor(media_type=kind, digest=document.digest, size=len(document.data)), platforms)


def _explained(error: RegistryError) -> BerthError:
    if error.status == 401:
        return Unauthorized(error.message)
    return NotFound(error.message) if error.code in _ABSENT else error


async def _platforms(source: Repository, document: Document) -> tuple[Platform, ...]:
    if document.media_type in documents.INDEX_TYPES:
        index = documents.decode(document.data, Index, "index")
        return tuple(entry.platform for entry in index.manifests if entry.platform is not None)
    if document.media_type not in documents.MANIFEST_TYPES:
        return ()
    manifest = documents.decode(document.data, Manifest, "manifest")
    if manifest.config.media_type not in documents.CONFIG_TYPES:
        return ()
    try:
        config = decode_config(await source.small_blob(parse_digest(manifest.config.digest), _CONFIG_LIMIT))
    except InvalidArgument:
        return ()
    return (Platform(architecture=config.architecture, os=config.os, variant=config.variant),)
