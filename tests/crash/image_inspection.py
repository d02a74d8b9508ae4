"""What must be true of the images at rest: rows, layers and registry tell one story."""

import hashlib
import io
import json
import tarfile
from typing import Any

from tests.crash.daemon import MortalDaemon
from tests.support.registry import FakeRegistry


def image_faults(daemon: MortalDaemon) -> list[str]:
    """Everything on the disk that no image accounts for, and every image that is not whole, in words."""
    inspected = images(daemon)
    root = daemon.data_root / "image"
    found = [f"{place}/{one.name}" for place in ("ingest", "trash") for one in (root / place).iterdir()]
    wanted = {layer for image in inspected.values() for layer in image["RootFS"]["Layers"] or ()}
    stored = {f"sha256:{one.name}" for one in (root / "layers").iterdir()}
    found += [f"layer {layer} belongs to no image" for layer in sorted(stored - wanted)]
    found += [f"layer {layer} is named and not there" for layer in sorted(wanted - stored)]
    for blob in (root / "blobs/sha256").iterdir():
        if hashlib.sha256(blob.read_bytes()).hexdigest() != blob.name:
            found.append(f"blob {blob.name} has another digest")
    for image_id in inspected:
        found += _content_faults(daemon, image_id)
    return found


def images(daemon: MortalDaemon) -> dict[str, dict[str, Any]]:
    """Every image that the engine tells of, by id."""
    rows = daemon.api.get("/images/json", all=True).json()
    return {row["Id"]: daemon.api.get(f"/images/{row['Id']}/json").json() for row in rows}


def _content_faults(daemon: MortalDaemon, image_id: str) -> list[str]:
    """Save the image: what comes must have the digests that its name promises."""
    archive = daemon.api.get("/images/get", names=image_id)
    if archive.status != 200:
        return [f"image {image_id} cannot be saved: {archive}"]
    names = set()
    with tarfile.open(fileobj=io.BytesIO(archive.body)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is None or not member.name.startswith("blobs/sha256/"):
                continue
            names.add(member.name.rpartition("/")[2])
            if hashlib.sha256(file.read()).hexdigest() != member.name.rpartition("/")[2]:
                return [f"image {image_id} is damaged: {member.name}"]
    return [] if image_id.removeprefix("sha256:") in names else [f"image {image_id} has no configuration"]


def registry_faults(registry: FakeRegistry) -> list[str]:
    """Manifests in the registry whose blobs are not there."""
    return [
        f"{repository}:{reference} names {blob['digest']}, which is not there"
        for (repository, reference), (data, _) in list(registry.manifests.items())
        for manifest in (json.loads(data),)
        for blob in (manifest["config"], *manifest["layers"])
        if len(registry.blobs.get(blob["digest"], b"")) != blob["size"]
    ]
