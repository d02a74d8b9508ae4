"""The documents that tie configurations and layers together (OCI, Docker schema 2, docker save)."""

from typing import TypeVar

import msgspec

from berth.base.errors import InvalidArgument

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"

INDEX_TYPES = frozenset((OCI_INDEX, DOCKER_LIST))
MANIFEST_TYPES = frozenset((OCI_MANIFEST, DOCKER_MANIFEST))
CONFIG_TYPES = frozenset((OCI_CONFIG, DOCKER_CONFIG))

NAME_ANNOTATION = "io.containerd.image.name"
REF_ANNOTATION = "org.opencontainers.image.ref.name"
ATTESTATION_ANNOTATION = "vnd.docker.reference.type"

T = TypeVar("T", bound=msgspec.Struct)


class _Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base: immutable, camel case, zero values left out."""


class Platform(_Document, frozen=True, kw_only=True):
    """For what a manifest of an index was made."""

    architecture: str = ""
    os: str = ""
    variant: str = ""


class Descriptor(_Document, frozen=True, kw_only=True):
    """A typed pointer to content."""

    media_type: str = ""
    digest: str = ""
    size: int = 0
    annotations: dict[str, str] | None = None
    platform: Platform | None = None


class Manifest(_Document, frozen=True, kw_only=True):
    """One image for one platform. The zero values of the first two never occur, so they are written."""

    schema_version: int = msgspec.field(name="schemaVersion", default=0)
    media_type: str = ""
    config: Descriptor = msgspec.field(default_factory=Descriptor)
    layers: tuple[Descriptor, ...] = ()
    annotations: dict[str, str] | None = None


class Index(_Document, frozen=True, kw_only=True):
    """Several manifests; also the ``index.json`` of an OCI layout."""

    schema_version: int = msgspec.field(name="schemaVersion", default=0)
    media_type: str = ""
    manifests: tuple[Descriptor, ...] = ()
    annotations: dict[str, str] | None = None


class ArchiveItem(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One image of ``manifest.json`` in an archive of ``docker save``; names are paths in the archive."""

    config: str
    repo_tags: tuple[str, ...] | None = None
    layers: tuple[str, ...] | None = None
    parent: str = ""


def decode(data: bytes, kind: type[T], what: str) -> T:
    """Read one document; InvalidArgument names ``what`` when it is not one."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid {what}: {error}") from None


def decode_archive(data: bytes) -> tuple[ArchiveItem, ...]:
    """Read a ``manifest.json``."""
    try:
        return msgspec.json.decode(data, type=tuple[ArchiveItem, ...])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid manifest.json: {error}") from None
