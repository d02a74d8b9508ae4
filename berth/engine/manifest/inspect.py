"""``manifest inspect``: the documents of a registry under one name, each with the platform that it is for."""

from typing import NamedTuple

import msgspec

from berth.base.digest import parse_digest
from berth.base.errors import InvalidArgument, NotFound, Unauthorized, Unsupported
from berth.base.reference import ImageRef
from berth.engine.engine import Engine
from berth.image import manifest as documents
from berth.image.manifest import Manifest
from berth.registry.credentials import Credentials
from berth.registry.errors import RegistryError
from berth.registry.repository import Document, Repository

_CONFIG_LIMIT = 8 << 20
_CHILDREN = 256
_ABSENT = frozenset(("MANIFEST_UNKNOWN", "NAME_UNKNOWN"))


class FullPlatform(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A platform with all that a list may say of it (OCI image-index, "platform")."""

    architecture: str = ""
    os: str = ""
    os_version: str = msgspec.field(name="os.version", default="")
    os_features: tuple[str, ...] | None = msgspec.field(name="os.features", default=None)
    variant: str = ""


class _Child(msgspec.Struct, frozen=True):
    digest: str = ""
    platform: FullPlatform | None = None


class _List(msgspec.Struct, frozen=True):
    manifests: tuple[_Child, ...] = ()


class RemoteManifest(NamedTuple):
    """The manifest of one image, as it came."""

    document: Document
    platform: FullPlatform


class RemoteList(NamedTuple):
    """A list, and the manifests that it names."""

    document: Document
    children: tuple[RemoteManifest, ...]


async def inspect_manifest(
    engine: Engine, ref: ImageRef, credentials: Credentials, *, insecure: bool
) -> RemoteManifest | RemoteList:
    """Read what is under the name. NotFound, in the words of Docker's client, when nothing is.

    ``insecure``: the registry may show any certificate, or speak without TLS.
    """
    named = ref.with_default_tag()
    try:
        sources = await engine.registries.source(named, credentials, insecure=insecure)
        source = sources[-1]
        document = await source.manifest(named.digest or named.tag or "latest")
        if document.media_type in documents.INDEX_TYPES:
            return await _list(source, document)
        return await _image(source, document, None)
    except RegistryError as error:
        if error.code in _ABSENT:
            raise NotFound(f"no such manifest: {named}") from error
        raise Unauthorized(error.message) if error.status == 401 else error from error


async def _list(source: Repository, document: Document) -> RemoteList:
    listed = documents.decode(document.data, _List, "index").manifests
    if len(listed) > _CHILDREN:
        raise InvalidArgument(f"invalid index: {len(listed)} manifests, at most {_CHILDREN} are read")
    children = [
        await _image(source, await source.manifest(parse_digest(child.digest)), child.platform)
        for child in listed
    ]
    return RemoteList(document, tuple(children))


async def _image(source: Repository, document: Document, stated: FullPlatform | None) -> RemoteManifest:
    """A list's own word on the platform counts; without it that of the configuration."""
    if document.media_type not in documents.MANIFEST_TYPES:
        raise Unsupported(f"unsupported manifest format: {document.media_type}")
    if stated is not None:
        return RemoteManifest(document, stated)
    manifest = documents.decode(document.data, Manifest, "manifest")
    data = await source.small_blob(parse_digest(manifest.config.digest), _CONFIG_LIMIT)
    return RemoteManifest(document, documents.decode(data, FullPlatform, "image configuration"))
