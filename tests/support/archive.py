"""Write image archives by hand, the way ``docker save`` does, so that tests need neither registry nor
builder.

An archive made here holds one image: its configuration, one directory per layer, ``manifest.json`` and the
older ``repositories`` beside it. Its bytes depend only on its description.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

CREATED = "2020-01-01T00:00:00Z"


@dataclass(frozen=True)
class Entry:
    """One member of a layer. ``data`` is content for files, the target for links."""

    path: str
    data: bytes | str = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    device: tuple[int, int] = (0, 0)


def directory(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    return Entry(path, kind=tarfile.DIRTYPE, mode=mode, uid=uid, gid=gid)


def program(path: str, text: str | bytes) -> Entry:
    return Entry(path, text.encode() if isinstance(text, str) else text, mode=0o755)


def symlink(path: str, target: str) -> Entry:
    return Entry(path, target, kind=tarfile.SYMTYPE, mode=0o777)


def hardlink(path: str, target: str) -> Entry:
    return Entry(path, target, kind=tarfile.LNKTYPE, mode=0o755)


def pack(entries: Iterable[Entry]) -> bytes:
    """``entries`` as an uncompressed tar with fixed times and no user names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.type, info.mode, info.uid, info.gid = entry.kind, entry.mode, entry.uid, entry.gid
            info.devmajor, info.devminor = entry.device
            info.mtime = 1_700_000_000
            if isinstance(entry.data, str):
                info.linkname = entry.data
                tar.addfile(info)
            else:
                info.size = len(entry.data)
                tar.addfile(info, io.BytesIO(entry.data))
    return buffer.getvalue()


@dataclass(frozen=True)
class ImageArchive:
    """An image to be: its names, its layers as tar bytes, and the ``config`` object of its configuration."""

    names: tuple[str, ...]
    layers: tuple[bytes, ...]
    config: dict[str, Any] = field(default_factory=dict)
    created: str = CREATED
    author: str = ""
    comment: str = ""

    def configuration(self) -> bytes:
        return json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "created": self.created,
                **({"author": self.author} if self.author else {}),
                "config": self.config,
                "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in self.layers]},
                "history": [
                    {"created": self.created, "created_by": f"layer {number}", "comment": self.comment}
                    for number in range(len(self.layers))
                ],
            }
        ).encode()

    @property
    def id(self) -> str:
        return digest(self.configuration())

    def docker(self) -> bytes:
        """The layout of ``docker save``."""
        configuration = self.configuration()
        config_name = hashlib.sha256(configuration).hexdigest() + ".json"
        folders = [hashlib.sha256(f"{n}".encode() + layer).hexdigest() for n, layer in enumerate(self.layers)]
        members = [Entry(config_name, configuration)]
        for folder, layer in zip(folders, self.layers, strict=True):
            members += [directory(folder), Entry(f"{folder}/layer.tar", layer)]
        manifest = [
            {
                "Config": config_name,
                "RepoTags": list(self.names) or None,
                "Layers": [f"{folder}/layer.tar" for folder in folders],
            }
        ]
        members.append(Entry("manifest.json", json.dumps(manifest).encode()))
        repositories: dict[str, dict[str, str]] = {}
        for name in self.names:
            repository, _, tag = name.rpartition(":")
            repositories.setdefault(repository, {})[tag] = folders[-1] if folders else ""
        members.append(Entry("repositories", json.dumps(repositories).encode()))
        return pack(members)

    def oci(self, *, compress: bool = True) -> bytes:
        """The OCI image layout, with each name as an annotation of the index."""
        blobs: dict[str, bytes] = {}

        def put(data: bytes, media_type: str) -> dict[str, Any]:
            blobs[f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"] = data
            return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

        kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if compress else "")
        layers = [put(gzip.compress(layer, 1, mtime=0) if compress else layer, kind) for layer in self.layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": put(self.configuration(), "application/vnd.oci.image.config.v1+json"),
            "layers": layers,
        }
        described = put(json.dumps(manifest).encode(), manifest["mediaType"])
        references = [
            {
                **described,
                "annotations": {
                    "io.containerd.image.name": f"docker.io/library/{name}",
                    "org.opencontainers.image.ref.name": name.rpartition(":")[2],
                },
            }
            for name in self.names
        ] or [described]
        index = {"schemaVersion": 2, "manifests": references}
        return pack(
            [
                Entry("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
                Entry("index.json", json.dumps(index).encode()),
                directory("blobs"),
                directory("blobs/sha256"),
                *(Entry(path, data) for path, data in blobs.items()),
            ]
        )


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
