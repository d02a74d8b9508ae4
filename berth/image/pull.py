"""``pull``: an image from a registry's repository, in the order of the messages that dockerd sends.

What is stored already is not fetched: the configuration is fetched first and names the layers by the
digest of their archives. Layers travel and unpack at the same time (``transfers``). The image appears with
all of its layers and its names in one commit.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.digest import Digest, parse_digest, sha256
from berth.base.errors import Internal, InvalidArgument, NotFound, Unsupported
from berth.base.ids import short_id
from berth.base.reference import ImageRef
from berth.image import manifest as documents
from berth.image.config import ImageConfig, decode_config
from berth.image.core import ImageCore, NewImage
from berth.image.knowledge import Knowledge, KnownBlob, KnownManifest
from berth.image.layers import StagedLayer
from berth.image.manifest import Descriptor, Index, Manifest, Platform
from berth.image.model import Image
from berth.image.partial import Partials
from berth.image.remote import ImageSource, RemoteDocument, TransferProgress
from berth.image.selection import format_platform, host_platform, matches, select
from berth.image.transfers import LayerJob, Transfer, Transfers

_CONFIG_LIMIT = 8 << 20
_LAYER_LIMIT = 1 << 40
_DEPTH = 4
_SCHEMA_1 = frozenset(
    (
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    )
)


class PullRequest(NamedTuple):
    """``ref`` has a tag or a digest. ``platform`` None means this machine's, and whatever there is if the
    name stands for one image only."""

    ref: ImageRef
    platform: Platform | None
    owner: Caller


class Pulled(NamedTuple):
    """``changed``: the name did not mean this image before."""

    image: Image
    digest: Digest
    changed: bool


class Puller(NamedTuple):
    """What a pull works with."""

    store: ImageCore
    transfers: Transfers
    partials: Partials
    knowledge: Knowledge


class _Planned(NamedTuple):
    """An image to fetch, checked as far as documents go."""

    config: bytes
    decoded: ImageConfig
    manifest: Manifest
    document: RemoteDocument
    names: tuple[ImageRef, ...] = ()


async def pull(
    puller: Puller, source: ImageSource, wanted: PullRequest, progress: TransferProgress
) -> Pulled:
    """Have the image here under its name. BerthError, with nothing changed, when that cannot be."""
    ref, store = wanted.ref, puller.store
    reference = ref.digest or ref.tag or "latest"
    described = await source.describe(reference)
    image = _known(store, ref, described.digest, wanted.platform) if described else None
    document = None
    if image is None:
        document = await source.manifest(described.digest if described else reference)
        _check_type(document, ref)
    progress.say(f"Pulling from {ref.path}", ref.familiar if ref.digest else reference)
    digest = document.digest if document else described.digest if described else None
    if digest is None:
        raise Internal(f"{ref.familiar}: the registry gave no digest")
    if document is not None:
        image = _known(store, ref, digest, wanted.platform)
    names = _names(ref, digest)
    before = store.index.owner_of(names[0])
    if image is None and document is not None:
        planned = await _plan(store, source, document, wanted)
        image = store.find(sha256(planned.config))
        if image is None:
            image = await _fetch(puller, source, planned._replace(names=names), wanted, progress)
        await puller.knowledge.remember(ref.repository, _blobs(planned), _kept(planned, image.id))
    if image is None:
        raise Internal(f"{ref.familiar}: no image")
    progress.say(f"Digest: {digest}")
    changed = before != image.id
    for name in names:
        if store.index.owner_of(name) != image.id:
            await store.tag(image.id, name)
    return Pulled(image, digest, changed)


def _known(store: ImageCore, ref: ImageRef, digest: Digest, platform: Platform | None) -> Image | None:
    """The image that this digest of the repository stands for, if it is here and for the right platform."""
    owner = store.index.owner_of(ref._replace(tag=None, digest=digest))
    image = store.find(owner) if owner else None
    if image is None or platform is None:
        return image
    made_for = Platform(
        os=image.config.os, architecture=image.config.architecture, variant=image.config.variant
    )
    return image if matches(platform, made_for) else None


def _check_type(document: RemoteDocument, ref: ImageRef) -> None:
    kind = document.media_type
    if kind in documents.INDEX_TYPES or kind in documents.MANIFEST_TYPES:
        return
    if kind in _SCHEMA_1 or b'"fsLayers"' in document.data[:65536]:
        raise Unsupported(
            f"{ref.familiar} is stored in the image format of before 2016 (manifest version 2, schema 1), "
            "which is no longer supported",
            hint="push it again from a Docker of 1.10 or later",
        )
    raise Unsupported(f'{ref.familiar} is no image: its registry says that it is "{kind}"')


async def _plan(
    store: ImageCore, source: ImageSource, document: RemoteDocument, wanted: PullRequest
) -> _Planned:
    found = await _manifest_for(source, document, wanted)
    manifest = documents.decode(found.data, Manifest, f"manifest of {wanted.ref.familiar}")
    _check_manifest(manifest, wanted.ref)
    config_digest = parse_digest(manifest.config.digest)
    if store.find(config_digest) is not None:
        config = store.raw_config(config_digest)
    else:
        config = await source.small_blob(config_digest, _CONFIG_LIMIT)
    decoded = decode_config(config)
    if decoded.os not in ("", "linux"):
        raise Unsupported(f'image operating system "{decoded.os}" cannot be used on this platform')
    if len(decoded.diff_ids) != len(manifest.layers):
        raise InvalidArgument(
            f"{wanted.ref.familiar}: invalid manifest, layers length mismatch: expected "
            f"{len(manifest.layers)}, got {len(decoded.diff_ids)}"
        )
    return _Planned(config, decoded, manifest, found)


async def _manifest_for(source: ImageSource, document: RemoteDocument, wanted: PullRequest) -> RemoteDocument:
    """The manifest for the platform, through as many indexes as it takes."""
    platform = wanted.platform or host_platform()
    for _ in range(_DEPTH):
        if document.media_type not in documents.INDEX_TYPES:
            return document
        index = documents.decode(document.data, Index, f"index of {wanted.ref.familiar}")
        entry = select(index.manifests, platform)
        if entry is None:
            raise NotFound(
                f"no matching manifest for {format_platform(platform)} in the manifest list entries",
                hint=_offers(index),
            )
        document = await source.manifest(parse_digest(entry.digest))
        _check_type(document, wanted.ref)
    raise InvalidArgument(f"{wanted.ref.familiar}: indexes within indexes without an end")


def _offers(index: Index) -> str | None:
    names = sorted({format_platform(e.platform) for e in index.manifests if e.platform and e.platform.os})
    return f"there is one for {', '.join(names)}" if names else None


def _check_manifest(manifest: Manifest, ref: ImageRef) -> None:
    kind = manifest.config.media_type
    if kind and kind not in documents.CONFIG_TYPES:
        raise Unsupported(f'{ref.familiar} is no image that can be run: its configuration is "{kind}"')
    for layer in (manifest.config, *manifest.layers):
        digest = parse_digest(layer.digest)
        if not digest.startswith("sha256:"):
            raise Unsupported(f"{ref.familiar}: blobs named by {digest.partition(':')[0]} are not supported")
        if not 0 <= layer.size <= _LAYER_LIMIT:
            raise InvalidArgument(f"{ref.familiar}: invalid size {layer.size} of blob {digest}")


async def _fetch(
    puller: Puller,
    source: ImageSource,
    planned: _Planned,
    wanted: PullRequest,
    progress: TransferProgress,
) -> Image:
    store, ref = puller.store, wanted.ref
    transfers: list[Transfer] = []
    async with store.lease():
        try:
            for layer, diff_id in _layers(planned):
                if store.layers.find(diff_id) is not None:
                    progress.update(short_id(Digest(layer.digest)), "Already exists")
                    continue
                progress.update(short_id(Digest(layer.digest)), "Pulling fs layer")
                job = LayerJob(source, Digest(layer.digest), layer.size, diff_id)
                transfers.append(puller.transfers.join(job, progress))
            staged = await _all(transfers, progress, ref)
            (published,) = await store.publish(
                [NewImage(planned.config, planned.names)], staged, wanted.owner
            )
            # In a thread: what ten gigabytes were fetched into takes a while to go.
            parts = [transfer.digest for transfer in transfers]
            await asyncio.shield(asyncio.to_thread(puller.partials.discard, *parts))
        finally:
            for transfer in transfers:
                await puller.transfers.leave(transfer, progress)
    return published.image


def _layers(planned: _Planned) -> list[tuple[Descriptor, Digest]]:
    """Every layer once, the base first."""
    pairs = {
        layer.digest: (layer, diff_id)
        for layer, diff_id in zip(planned.manifest.layers, planned.decoded.diff_ids, strict=True)
    }
    return list(pairs.values())


async def _all(transfers: Sequence[Transfer], progress: TransferProgress, ref: ImageRef) -> list[StagedLayer]:
    """Wait for every layer; the first failure ends the waiting."""

    async def one(transfer: Transfer) -> StagedLayer:
        staged = await transfer.wait()
        progress.update(short_id(transfer.digest), "Pull complete")
        return staged

    tasks: list[asyncio.Task[StagedLayer]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(transfer)) for transfer in transfers]
    except ExceptionGroup as failures:
        raise _explained(failures.exceptions[0], ref) from failures
    return [task.result() for task in tasks]


def _explained(error: Exception, ref: ImageRef) -> Exception:
    """What is wrong with a layer names the image; what is wrong with a request names it already."""
    if isinstance(error, InvalidArgument):
        return Internal(f"{ref.familiar}: {error.message}", hint=error.hint)
    return error


def _blobs(planned: _Planned) -> list[KnownBlob]:
    return [
        KnownBlob(diff_id, Digest(layer.digest), layer.size, layer.media_type)
        for layer, diff_id in _layers(planned)
    ]


def _kept(planned: _Planned, image_id: Digest) -> KnownManifest:
    document = planned.document
    return KnownManifest(image_id, document.digest, document.media_type, document.data)


def _names(ref: ImageRef, digest: Digest) -> tuple[ImageRef, ...]:
    """What the image is called from now on: the name asked for first, and always the one by digest."""
    by_digest = ImageRef(ref.domain, ref.path, None, digest)
    return (by_digest,) if ref.digest else (ref, by_digest)
