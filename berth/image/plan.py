"""Which images an archive holds: from its documents to configurations, names and layers. Pure.

Three layouts: ``manifest.json`` of docker save (all versions since 1.10), the OCI image layout
(``index.json``), and ``repositories`` with one ``json`` per layer (before 1.10). When an archive has
several, the first that is here in this order counts, as in Docker.
"""

import platform
from typing import NamedTuple

import msgspec

from berth.base.digest import Digest, digest_hex, parse_digest, sha256
from berth.base.errors import InvalidArgument
from berth.base.reference import ImageRef, parse_reference
from berth.image import manifest as documents
from berth.image.archive import Archive, LayerFile, check_blob, decode_json_object
from berth.image.config import HistoryItem, ImageConfig, ImageSettings, RootFs, decode_config, encode_config
from berth.image.manifest import Descriptor, Index, Manifest

_BLOBS = "blobs/sha256/"
_INDEX_DEPTH = 4
_CHAIN_LIMIT = 1000
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


class PlannedImage(NamedTuple):
    """An image to publish; ``layers`` are in the order of the configuration's diff_ids."""

    config: bytes
    names: tuple[ImageRef, ...]
    layers: tuple[LayerFile, ...]
    parent: Digest | None = None


def host_architecture() -> str:
    """This machine in OCI's words: ``amd64``, ``arm64`` ..."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def plan(archive: Archive) -> list[PlannedImage]:
    """Every image of the archive, checked against the digests that the documents state."""
    if "manifest.json" in archive.documents:
        return [
            _docker_image(archive, item)
            for item in documents.decode_archive(archive.document("manifest.json"))
        ]
    if "index.json" in archive.documents:
        return _oci_images(archive)
    if "repositories" in archive.documents:
        return _legacy_images(archive)
    raise InvalidArgument(
        "invalid archive: neither manifest.json nor index.json nor repositories is there",
        hint="for a tar of a root file system use import instead of load",
    )


def _checked(config: bytes, layers: tuple[LayerFile, ...]) -> ImageConfig:
    """The configuration, once its layers turned out to be what it says."""
    decoded = decode_config(config)
    if decoded.os not in ("", "linux"):
        raise InvalidArgument(f"cannot load {decoded.os} image on linux")
    expected = decoded.diff_ids
    if len(expected) != len(layers):
        raise InvalidArgument(
            f"invalid manifest, layers length mismatch: expected {len(layers)}, got {len(expected)}"
        )
    for position, (diff_id, layer) in enumerate(zip(expected, layers, strict=True)):
        info = layer.known or (layer.staged.info if layer.staged else None)
        if info is None or info.diff_id != diff_id:
            found = info.diff_id if info else "nothing"
            raise InvalidArgument(f'invalid diffID for layer {position}: expected "{diff_id}", got "{found}"')
    return decoded


def _docker_image(archive: Archive, item: documents.ArchiveItem) -> PlannedImage:
    config = archive.document(item.config)
    name = archive.real_name(item.config)
    check_blob(name, config)
    stem = name.removesuffix(".json")
    if len(stem) == 64 and name.endswith(".json") and digest_hex(sha256(config)) != stem:
        raise InvalidArgument(f"wrong digest: expected sha256:{stem}, got {sha256(config)}")
    layers = tuple(archive.layer(layer) for layer in item.layers or ())
    _checked(config, layers)
    parent = parse_digest(item.parent) if item.parent else None
    return PlannedImage(config, tuple(_tagged(tag) for tag in item.repo_tags or ()), layers, parent)


def _tagged(text: str) -> ImageRef:
    ref = parse_reference(text)
    if ref.tag is None or ref.digest is not None:
        raise InvalidArgument(f'invalid tag "{text}"')
    return ref


# -- OCI layout ------------------------------------------------------------------------------------------


def _oci_images(archive: Archive) -> list[PlannedImage]:
    index = documents.decode(archive.document("index.json"), Index, "index.json")
    planned = []
    for descriptor in index.manifests:
        if _is_attestation(descriptor):
            continue
        found = _manifest_of(archive, descriptor, 0)
        if found is not None:
            planned.append(_oci_image(archive, found, _oci_names(descriptor)))
    if not planned:
        raise InvalidArgument(f"no image for linux/{host_architecture()} in the archive")
    return _merged(planned)


def _merged(planned: list[PlannedImage]) -> list[PlannedImage]:
    """One entry per image: an index has one descriptor per name."""
    merged: dict[bytes, PlannedImage] = {}
    for image in planned:
        known = merged.get(image.config)
        merged[image.config] = known._replace(names=(*known.names, *image.names)) if known else image
    return list(merged.values())


def _is_attestation(descriptor: Descriptor) -> bool:
    return documents.ATTESTATION_ANNOTATION in (descriptor.annotations or {})


def _blob(archive: Archive, descriptor: Descriptor) -> bytes:
    digest = parse_digest(descriptor.digest)
    data = archive.document(_blob_name(digest))
    if sha256(data) != digest:
        raise InvalidArgument(f"wrong digest: expected {digest}, got {sha256(data)}")
    return data


def _blob_name(digest: Digest) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


def _manifest_of(archive: Archive, descriptor: Descriptor, depth: int) -> Manifest | None:
    """The manifest for this machine; None when an index has none, or this is no image at all."""
    if depth > _INDEX_DEPTH:
        raise InvalidArgument("invalid archive: indexes within indexes without an end")
    data = _blob(archive, descriptor)
    if descriptor.media_type in documents.INDEX_TYPES:
        index = documents.decode(data, Index, "image index")
        for candidate in _preferred([d for d in index.manifests if not _is_attestation(d)]):
            if _blob_name(parse_digest(candidate.digest)) in archive.documents:
                return _manifest_of(archive, candidate, depth + 1)
        return None
    manifest = documents.decode(data, Manifest, "image manifest")
    if manifest.config.media_type and manifest.config.media_type not in documents.CONFIG_TYPES:
        return None
    return manifest


def _preferred(candidates: list[Descriptor]) -> list[Descriptor]:
    """Those for this machine; a single one of any kind is taken as meant."""
    here = host_architecture()
    fitting = [
        d for d in candidates if d.platform and (d.platform.os, d.platform.architecture) == ("linux", here)
    ]
    return fitting or (candidates if len(candidates) == 1 else [])


def _oci_image(archive: Archive, manifest: Manifest, names: tuple[ImageRef, ...]) -> PlannedImage:
    config = _blob(archive, manifest.config)
    layers = []
    for descriptor in manifest.layers:
        digest = parse_digest(descriptor.digest)
        layer = archive.layer(_blob_name(digest))
        if layer.blob_digest != digest:
            raise InvalidArgument(f"wrong digest: expected {digest}, got {layer.blob_digest}")
        layers.append(layer)
    _checked(config, tuple(layers))
    return PlannedImage(config, names, tuple(layers))


def _oci_names(descriptor: Descriptor) -> tuple[ImageRef, ...]:
    """containerd's annotation is a full name; OCI's own one is often a bare tag, which names nothing here."""
    annotations = descriptor.annotations or {}
    full = annotations.get(documents.NAME_ANNOTATION)
    if full is None:
        short = annotations.get(documents.REF_ANNOTATION, "")
        full = short if "/" in short or ":" in short else None
    if not full:
        return ()
    ref = parse_reference(full)
    return (ref._replace(digest=None).with_default_tag(),)


# -- before 1.10 -----------------------------------------------------------------------------------------


class _LegacyImage(msgspec.Struct, kw_only=True):
    """``<id>/json``: one layer with the configuration that held when it was made."""

    id: str
    parent: str = ""
    created: str | None = None
    author: str = ""
    comment: str = ""
    architecture: str = ""
    os: str = "linux"
    config: ImageSettings | None = None
    container_config: ImageSettings | None = None


def _legacy_images(archive: Archive) -> list[PlannedImage]:
    names: dict[str, list[ImageRef]] = {}
    for repository, tags in decode_json_object(archive.document("repositories"), "repositories").items():
        if not isinstance(tags, dict):
            raise InvalidArgument("invalid repositories: expected tags and ids")
        for tag, image_id in tags.items():
            names.setdefault(str(image_id), []).append(_tagged(f"{repository}:{tag}"))
    return [_legacy_image(archive, image_id, tuple(refs)) for image_id, refs in names.items()]


def _legacy_image(archive: Archive, image_id: str, names: tuple[ImageRef, ...]) -> PlannedImage:
    chain: list[_LegacyImage] = []
    current = image_id
    while current:
        chain.append(documents.decode(archive.document(f"{current}/json"), _LegacyImage, f"{current}/json"))
        current = chain[-1].parent
        if len(chain) > _CHAIN_LIMIT:
            raise InvalidArgument("invalid archive: parents without an end")
    top = chain[0]
    chain.reverse()
    layers = tuple(archive.layer(f"{link.id}/layer.tar") for link in chain)
    infos = [layer.known or (layer.staged.info if layer.staged else None) for layer in layers]
    config = encode_config(
        ImageConfig(
            architecture=top.architecture,
            os=top.os,
            created=top.created,
            author=top.author,
            config=top.config or ImageSettings(),
            rootfs=RootFs(diff_ids=tuple(info.diff_id for info in infos if info)),
            history=tuple(_legacy_history(link) for link in chain),
        )
    )
    return PlannedImage(config, names, layers)


def _legacy_history(link: _LegacyImage) -> HistoryItem:
    command = " ".join((link.container_config.cmd if link.container_config else None) or ())
    return HistoryItem(created=link.created, created_by=command, author=link.author, comment=link.comment)
