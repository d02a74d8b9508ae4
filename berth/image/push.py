"""``push``: an image into a registry's repository, in the order of the messages that dockerd sends.

Of each layer the cheapest way is taken: the repository has it already; the registry takes it over from
another of its repositories; it is compressed and sent. The manifest comes last, so that nobody sees an
image with holes.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from berth.base.digest import Digest, sha256
from berth.base.ids import short_id
from berth.base.reference import ImageRef
from berth.image import manifest as documents
from berth.image.core import ImageCore
from berth.image.knowledge import Knowledge, KnownBlob, KnownManifest, PlacedBlob
from berth.image.manifest import Manifest
from berth.image.model import Image, Progress
from berth.image.outgoing import OutgoingLayer
from berth.image.remote import ImageTarget

_CANDIDATES = 3
_TOLD_EVERY = 1 << 19
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_DOCKER_PLAIN = "application/vnd.docker.image.rootfs.diff.tar"


class Pushed(NamedTuple):
    """The manifest that stands under the tag now."""

    tag: str
    digest: Digest
    size: int


class Pusher(NamedTuple):
    """What a push works with. ``slots`` bounds how many layers travel at a time, over all pushes."""

    store: ImageCore
    knowledge: Knowledge
    slots: asyncio.Semaphore


def mount_sources(knowledge: Knowledge, images: Iterable[Image], ref: ImageRef) -> tuple[str, ...]:
    """Repositories of the same registry that layers may be taken over from: their paths."""
    found: dict[str, None] = {}
    for image in images:
        for diff_id in image.layers:
            for placed in _elsewhere(knowledge.blobs(diff_id), ref):
                found[placed.repository.partition("/")[2]] = None
    return tuple(found)


async def push(
    pusher: Pusher, target: ImageTarget, image: Image, ref: ImageRef, progress: Progress
) -> Pushed:
    """Have the image in the repository under ``ref``, which has a tag."""
    store, knowledge = pusher.store, pusher.knowledge
    async with store.lease():
        config = store.raw_config(image.id)
        kept = knowledge.manifests(image.id)
        favoured = {layer.digest for manifest in kept for layer in _decoded(manifest).layers}
        layers = list(dict.fromkeys(reversed(image.layers)))
        for diff_id in layers:
            progress.update(short_id(diff_id), "Preparing")
        blobs = await _send_layers(pusher, target, layers, ref, favoured, progress)
        if await target.has_blob(image.id) is None:
            await target.put_small(config, image.id)
        manifest = _manifest(image, config, [blobs[diff_id] for diff_id in image.layers], kept)
        tag = ref.tag or "latest"
        await target.put_manifest(tag, manifest.data, manifest.media_type)
        await knowledge.remember(ref.repository, list(blobs.values()), manifest)
        by_digest = ImageRef(ref.domain, ref.path, None, manifest.digest)
        if store.find(image.id) is not None and store.index.owner_of(by_digest) != image.id:
            await store.tag(image.id, by_digest)
    return Pushed(tag, manifest.digest, len(manifest.data))


async def _send_layers(
    pusher: Pusher,
    target: ImageTarget,
    layers: Sequence[Digest],
    ref: ImageRef,
    favoured: set[str],
    progress: Progress,
) -> dict[Digest, KnownBlob]:
    async def one(diff_id: Digest) -> KnownBlob:
        if pusher.slots.locked():
            progress.update(short_id(diff_id), "Waiting")
        async with pusher.slots:
            return await _send(pusher, target, diff_id, ref, favoured, progress)

    tasks = {}
    try:
        async with asyncio.TaskGroup() as group:
            for diff_id in layers:
                tasks[diff_id] = group.create_task(one(diff_id))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return {diff_id: task.result() for diff_id, task in tasks.items()}


async def _send(
    pusher: Pusher,
    target: ImageTarget,
    diff_id: Digest,
    ref: ImageRef,
    favoured: set[str],
    progress: Progress,
) -> KnownBlob:
    item = short_id(diff_id)
    known = sorted(pusher.knowledge.blobs(diff_id), key=lambda p: p.blob.digest not in favoured)
    for blob in _distinct(known, ref.repository):
        size = await target.has_blob(blob.digest)
        if size is not None:
            progress.update(item, "Layer already exists")
            return blob
    begun = None
    for placed in _elsewhere(known, ref):
        source = placed.repository.partition("/")[2]
        outcome = await target.mount(placed.blob.digest, source)
        if outcome.done:
            progress.update(item, f"Mounted from {source}")
            return placed.blob
        begun = outcome.upload
        break  # an upload has begun: it is used rather than left lying in the registry
    total = _tar_size(pusher.store, diff_id)
    outgoing = OutgoingLayer(pusher.store.layers, diff_id, _teller(progress, item, total))
    await target.upload(outgoing, begun)
    progress.update(item, "Pushed")
    return KnownBlob(diff_id, outgoing.digest, outgoing.size, DOCKER_LAYER)


def _distinct(known: Sequence[PlacedBlob], repository: str) -> list[KnownBlob]:
    """The forms worth asking for, those of the repository itself first."""
    ordered = sorted(known, key=lambda placed: placed.repository != repository)
    blobs = {placed.blob.digest: placed.blob for placed in reversed(ordered)}
    return list(reversed(blobs.values()))[:_CANDIDATES]


def _elsewhere(known: Sequence[PlacedBlob], ref: ImageRef) -> list[PlacedBlob]:
    """Those in other repositories of the same registry."""
    domain = f"{ref.domain}/"
    return [p for p in known if p.repository.startswith(domain) and p.repository != ref.repository][
        :_CANDIDATES
    ]


def _teller(progress: Progress, item: str, total: int) -> Callable[[int], None]:
    """Tells of the archive's bytes as they are read, not more often than is of use."""
    told = 0

    def seen(plain: int) -> None:
        nonlocal told
        if plain - told >= _TOLD_EVERY or plain >= total:
            told = plain
            progress.update(item, "Pushing", plain, total)

    return seen


def _tar_size(store: ImageCore, diff_id: Digest) -> int:
    info = store.layers.find(diff_id)
    return info.tar_size if info else 0


def _decoded(manifest: KnownManifest) -> Manifest:
    return documents.decode(manifest.data, Manifest, "manifest")


def _manifest(
    image: Image, config: bytes, blobs: Sequence[KnownBlob], kept: Sequence[KnownManifest]
) -> KnownManifest:
    """The manifest that the image came with if it still says the truth, else a new one."""
    digests = [blob.digest for blob in blobs]
    for manifest in kept:
        if [layer.digest for layer in _decoded(manifest).layers] == digests:
            return manifest
    data, media_type = compose(image.id, len(config), blobs)
    return KnownManifest(image.id, sha256(data), media_type, data)


def compose(config: Digest, config_size: int, blobs: Sequence[KnownBlob]) -> tuple[bytes, str]:
    """A manifest and its type: Docker's schema 2, byte for byte as dockerd writes it; OCI's when a layer has
    a compression that schema 2 has no name for."""
    oci = any(blob.media_type.endswith("+zstd") for blob in blobs)
    document = {
        "schemaVersion": 2,
        "mediaType": documents.OCI_MANIFEST if oci else documents.DOCKER_MANIFEST,
        "config": {
            "mediaType": documents.OCI_CONFIG if oci else documents.DOCKER_CONFIG,
            "size": config_size,
            "digest": config,
        },
        "layers": [
            {"mediaType": _layer_type(blob.media_type, oci=oci), "size": blob.size, "digest": blob.digest}
            for blob in blobs
        ],
    }
    return json.dumps(document, indent=3).encode(), str(document["mediaType"])


def _layer_type(media_type: str, *, oci: bool) -> str:
    compression = "zstd" if media_type.endswith("zstd") else "gzip" if media_type.endswith("gzip") else ""
    if oci:
        return f"{documents.OCI_LAYER}+{compression}" if compression else documents.OCI_LAYER
    return DOCKER_LAYER if compression else _DOCKER_PLAIN
