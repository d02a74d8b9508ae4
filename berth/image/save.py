"""``save``: images as an archive that Docker since 1.10, Podman, skopeo and OCI tools load.

The layout is that of Docker 25 and later: an OCI image layout with ``manifest.json`` and
``repositories`` beside it, layers uncompressed, each once. The same images give the same bytes.
"""

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from berth.base.digest import Digest, digest_hex, sha256
from berth.base.errors import InvalidArgument, NotFound
from berth.base.reference import ImageRef, parse_reference
from berth.image import manifest as documents
from berth.image.core import ImageCore
from berth.image.manifest import ArchiveItem, Descriptor, Index, Manifest
from berth.image.model import Image
from berth.image.outflow import stream
from berth.image.tar import writer
from berth.image.tar.entry import REGULAR

_BLOBS = "blobs/sha256/"
_SCHEMA = 2


def select(store: ImageCore, texts: Sequence[str]) -> dict[Digest, list[ImageRef]]:
    """The images meant, with the names to save for each.

    A name without a tag means every tag of the repository; an id saves an image without a name, as in Docker.
    """
    chosen: dict[Digest, list[ImageRef]] = {}
    for text in texts:
        image = None
        refs = _repository_tags(store, text)
        if not refs:
            image = store.resolve(text)
            refs = tuple(ref for ref in store.names(image.id) if _is_named(text, ref))
        for ref in refs:
            owner = store.index.owner_of(ref)
            if owner is None:
                raise NotFound(f"No such image: {text}")
            names = chosen.setdefault(owner, [])
            if ref not in names:
                names.append(ref)
        if image is not None:
            chosen.setdefault(image.id, [])
    return chosen


def _parsed(text: str) -> ImageRef | None:
    try:
        return parse_reference(text)
    except InvalidArgument:
        return None


def _repository_tags(store: ImageCore, text: str) -> tuple[ImageRef, ...]:
    ref = _parsed(text)
    if ref is None or ref.tag or ref.digest:
        return ()
    return store.index.tags_of(ref.repository)


def _is_named(text: str, ref: ImageRef) -> bool:
    parsed = _parsed(text)
    return parsed is not None and parsed.with_default_tag() == ref


def save(store: ImageCore, texts: Sequence[str]) -> AsyncIterator[bytes]:
    """The archive in chunks. NotFound for an unknown image, before the first chunk."""
    chosen = select(store, texts)
    images = [(store.get(image_id), tuple(refs)) for image_id, refs in chosen.items()]
    return _leased(store, images)


async def _leased(store: ImageCore, images: list[tuple[Image, tuple[ImageRef, ...]]]) -> AsyncIterator[bytes]:
    async with store.lease():
        configs = {image.id: store.raw_config(image.id) for image, _ in images}
        async for chunk in stream(_archive(store, images, configs)):
            yield chunk


def _archive(
    store: ImageCore, images: list[tuple[Image, tuple[ImageRef, ...]]], configs: dict[Digest, bytes]
) -> Iterator[bytes]:
    manifests = {image.id: _manifest(store, image, configs[image.id]) for image, _ in images}
    yield writer.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    yield writer.file("index.json", _index(images, manifests))
    yield writer.file("manifest.json", _items(images))
    repositories = _repositories(images)
    if repositories:
        yield writer.file("repositories", msgspec.json.encode(repositories, order="deterministic"))
    yield writer.directory("blobs")
    yield writer.directory(_BLOBS)
    for blob in {**{sha256(m): m for m in manifests.values()}, **configs}.items():
        yield writer.file(_BLOBS + digest_hex(blob[0]), blob[1])
    for diff_id in dict.fromkeys(layer for image, _ in images for layer in image.layers):
        size = _tar_size(store, diff_id)
        yield writer.header(_BLOBS + digest_hex(diff_id), REGULAR, size)
        yield from store.layers.archive(diff_id)
        yield writer.padding(size)
    yield writer.END


def _tar_size(store: ImageCore, diff_id: Digest) -> int:
    info = store.layers.find(diff_id)
    if info is None:
        raise NotFound(f"layer {diff_id} does not exist")
    return info.tar_size


def _manifest(store: ImageCore, image: Image, config: bytes) -> bytes:
    return msgspec.json.encode(
        Manifest(
            schema_version=_SCHEMA,
            media_type=documents.OCI_MANIFEST,
            config=Descriptor(media_type=documents.OCI_CONFIG, digest=image.id, size=len(config)),
            layers=tuple(
                Descriptor(media_type=documents.OCI_LAYER, digest=d, size=_tar_size(store, d))
                for d in image.layers
            ),
        )
    )


def _index(images: list[tuple[Image, tuple[ImageRef, ...]]], manifests: dict[Digest, bytes]) -> bytes:
    descriptors = []
    for image, refs in images:
        data = manifests[image.id]
        plain = Descriptor(media_type=documents.OCI_MANIFEST, digest=sha256(data), size=len(data))
        for ref in refs:
            names = {documents.NAME_ANNOTATION: str(ref), documents.REF_ANNOTATION: ref.tag or ""}
            descriptors.append(msgspec.structs.replace(plain, annotations=names))
        if not refs:
            descriptors.append(plain)
    index = Index(schema_version=_SCHEMA, media_type=documents.OCI_INDEX, manifests=tuple(descriptors))
    return msgspec.json.encode(index)


def _items(images: list[tuple[Image, tuple[ImageRef, ...]]]) -> bytes:
    items = []
    for image, refs in images:
        item = ArchiveItem(
            config=_BLOBS + digest_hex(image.id),
            repo_tags=tuple(ref.familiar for ref in refs) or None,
            layers=tuple(_BLOBS + digest_hex(diff_id) for diff_id in image.layers),
        )
        fields = msgspec.to_builtins(item)
        del fields["Parent"]
        items.append(fields)
    return msgspec.json.encode(items)


def _repositories(images: list[tuple[Image, tuple[ImageRef, ...]]]) -> dict[str, dict[str, str]]:
    """For loaders older than ``manifest.json``, and because Docker still writes it."""
    names: dict[str, dict[str, str]] = {}
    for image, refs in images:
        for ref in refs:
            if image.layers and ref.tag:
                names.setdefault(ref.familiar_name, {})[ref.tag] = digest_hex(image.layers[-1])
    return names
