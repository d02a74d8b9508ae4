"""Archives of images in every layout, built from parts."""

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Sequence

from tests.contract.snapshotter_stage import Item, archive

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data: bytes) -> Item:
    return Item(f"blobs/sha256/{hashlib.sha256(data).hexdigest()}", data)


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


class Made:
    """One image: its layers (plain tars), configuration and id."""

    def __init__(self, layers: Sequence[bytes], **config: object) -> None:
        self.layers = list(layers)
        document = {
            "architecture": "amd64",
            "os": "linux",
            "created": "2020-01-02T03:04:05.678Z",
            "config": {"Cmd": ["sh"], "Env": ["A=b"]},
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer) for layer in layers]},
            "history": [{"created_by": f"step {n}"} for n, _ in enumerate(layers)],
            "unknown": {"kept": True},
        }
        self.config = encode({**document, **config})
        self.id = sha256(self.config)


def simple(*names: str) -> Made:
    return Made([archive([Item(name, name.encode() * 100)]) for name in names])


def docker_items(*images: tuple[Made, list[str] | None]) -> list[Item]:
    """The members of an archive of docker save up to version 24; ``manifest.json`` last."""
    items, manifest = [], []
    for image, tags in images:
        config = image.id.partition(":")[2] + ".json"
        items.append(Item(config, image.config))
        layers = []
        for layer in image.layers:
            name = hashlib.md5(layer).hexdigest() + "/layer.tar"
            layers.append(name)
            items.append(Item(name, layer))
        manifest.append({"Config": config, "RepoTags": tags, "Layers": layers})
    return [*items, Item("manifest.json", encode(manifest))]


def docker(*images: tuple[Made, list[str] | None]) -> bytes:
    return archive(docker_items(*images))


def oci_items(image: Made, annotations: dict[str, str], compress=gzip.compress) -> list[Item]:
    """The members of an OCI layout with compressed layers."""
    blobs = [compress(layer) for layer in image.layers]
    manifest = encode({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": image.id, "size": len(image.config)},
        "layers": [{"mediaType": "any", "digest": sha256(b), "size": len(b)} for b in blobs],
    })  # fmt: skip
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": MANIFEST,
                "digest": sha256(manifest),
                "size": len(manifest),
                "annotations": annotations,
            }
        ],
    }
    return [
        Item("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        *map(blob, blobs),
        blob(image.config),
        blob(manifest),
        Item("index.json", encode(index)),
    ]


async def chunks(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
