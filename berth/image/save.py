"""``save``: images as an archive that Docker since 1.10, Podman, skopeo and OCI tools load.

The layout is that of Docker 25 and later: an OCI image layout with ``manifest.json`` and
``repositories`` beside it, layers uncompressed, each once. The same images give the same bytes.
The pure forms are for tools that stumble over the mixture: ``oci`` is the OCI layout alone, ``docker``
that of Docker 1.10 to 24.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Literal

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

ArchiveForm = Literal["mixed", "oci", "docker"]
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


_Named = list[tuple[Image, tuple[ImageRef, ...]]]


def save(store: ImageCore, texts: Sequence[str], form: ArchiveForm = "mixed") -> AsyncIterator[bytes]:
    """The archive in chunks. NotFound for an unknown image, before the first chunk."""
    chosen = select(store, texts)
    images = [(store.get(image_id), tuple(refs)) for image_id, refs in chosen.items()]
    return _leased(store, images, form)


async def _leased(store: ImageCore, images: _Named, form: ArchiveForm) -> AsyncIterator[bytes]:
    async with store.lease():
        configs = {image.id: store.raw_config(image.id) for image, _ in images}
        if form == "docker":
            pieces = _docker_archive(store, images, configs)
        else:
            pieces = _oci_archive(store, images, configs, mixed=form == "mixed")
        async for chunk in stream(pieces):
            yield chunk


def _oci_archive(
    store: ImageCore, images: _Named, configs: dict[Digest, bytes], *, mixed: bool
) -> Iterator[bytes]:
    manifests = {image.id: _manifest(store, image, configs[image.id]) for image, _ in images}
    yield writer.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    yield writer.file("index.json", _index(images, manifests, whole_names=not mixed and len(images) > 1))
    if mixed:
        yield from _dockers_documents(images, _BLOBS, ("", ""))
    yield writer.directory("blobs")
    yield writer.directory(_BLOBS)
    for blob in {**{sha256(m): m for m in manifests.values()}, **configs}.items():
        yield writer.file(_BLOBS + digest_hex(blob[0]), blob[1])
    for diff_id in dict.fromkeys(layer for image, _ in images for layer in image.layers):
        yield from _layer(store, diff_id, _BLOBS + digest_hex(diff_id))
    yield writer.END


def _docker_archive(store: ImageCore, images: _Named, configs: dict[Digest, bytes]) -> Iterator[bytes]:
    """A directory for each layer, the configurations beside them."""
    yield from _dockers_documents(images, "", (".json", "/layer.tar"))
    for image_id, config in configs.items():
        yield writer.file(f"{digest_hex(image_id)}.json", config)
    for diff_id in dict.fromkeys(layer for image, _ in images for layer in image.layers):
        yield writer.directory(f"{digest_hex(diff_id)}/")
        yield from _layer(store, diff_id, f"{digest_hex(diff_id)}/layer.tar")
    yield writer.END


def _layer(store: ImageCore, diff_id: Digest, name: str) -> Iterator[bytes]:
    size = _tar_size(store, diff_id)
    yield writer.header(name, REGULAR, size)
    yield from store.layers.archive(diff_id)
    yield writer.padding(size)


def _dockers_documents(images: _Named, folder: str, suffixes: tuple[str, str]) -> Iterator[bytes]:
    """``folder`` is where configurations and layers lie, ``suffixes`` how the names of each end."""
    yield writer.file("manifest.json", _items(images, folder, suffixes))
    repositories = _repositories(images)
    if repositories:
        yield writer.file("repositories", msgspec.json.encode(repositories, order="deterministic"))


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


def _index(images: _Named, manifests: dict[Digest, bytes], *, whole_names: bool) -> bytes:
    """``whole_names``: skopeo chooses one of several images by an annotation that is otherwise the tag."""
    descriptors = []
    for image, refs in images:
        data = manifests[image.id]
        plain = Descriptor(media_type=documents.OCI_MANIFEST, digest=sha256(data), size=len(data))
        for ref in refs:
            names = {
                documents.NAME_ANNOTATION: str(ref),
                documents.REF_ANNOTATION: str(ref) if whole_names else ref.tag or "",
            }
            descriptors.append(msgspec.structs.replace(plain, annotations=names))
        if not refs:
            descriptors.append(plain)
    index = Index(schema_version=_SCHEMA, media_type=documents.OCI_INDEX, manifests=tuple(descriptors))
    return msgspec.json.encode(index)


def _items(images: _Named, folder: str, suffixes: tuple[str, str]) -> bytes:
    items = []
    of_config, of_layer = suffixes
    for image, refs in images:
        item = ArchiveItem(
            config=folder + digest_hex(image.id) + of_config,
            repo_tags=tuple(ref.familiar for ref in refs) or None,
            layers=tuple(folder + digest_hex(diff_id) + of_layer for diff_id in image.layers),
        )
        fields = msgspec.to_builtins(item)
        del fields["Parent"]
        items.append(fields)
    return msgspec.json.encode(items)


def _repositories(images: _Named) -> dict[str, dict[str, str]]:
    """For loaders older than ``manifest.json``, and because Docker still writes it."""
    names: dict[str, dict[str, str]] = {}
    for image, refs in images:
        for ref in refs:
            if image.layers and ref.tag:
                names.setdefault(ref.familiar_name, {})[ref.tag] = digest_hex(image.layers[-1])
    return names
