"""The floor of moving an image: a plain copy of its bytes, digested, inflated where they come compressed.

The same libraries as berth's, one process for each of two cores, the largest part first, no structure made
of what is inside, and on disk at the end.
"""

import hashlib
import json
import multiprocessing
import os
import tarfile
import time
from pathlib import Path
from typing import NamedTuple

from isal import igzip_lib

_PIECE = 1 << 20
_CORES = 2


class Part(NamedTuple):
    """``size`` bytes of a file from ``offset`` on; a gzip stream when ``compressed``."""

    path: Path
    offset: int
    size: int
    compressed: bool


def blobs_of(storage: Path, repository: str) -> list[Part]:
    """The layers of the one image of a registry's repository."""
    root = storage / "docker/registry/v2"
    link = root / "repositories" / repository / "_manifests/tags/1/current/link"
    manifest = json.loads(_blob(root, link.read_text()).read_bytes())
    paths = [_blob(root, layer["digest"]) for layer in manifest["layers"]]
    return [Part(path, 0, path.stat().st_size, compressed=True) for path in paths]


def _blob(root: Path, digest: str) -> Path:
    code = digest.strip().removeprefix("sha256:")
    return root / "blobs/sha256" / code[:2] / code / "data"


def layers_of(archive: Path) -> list[Part]:
    """The layers of a docker archive, which are not compressed."""
    with tarfile.open(archive) as tar:
        return [
            Part(archive, entry.offset_data, entry.size, compressed=False)
            for entry in tar
            if entry.name.endswith("/layer.tar")
        ]


def seconds(parts: list[Part], disk: Path) -> float:
    """How long it takes."""
    context = multiprocessing.get_context("fork")
    with context.Pool(_CORES) as pool:
        jobs = [(part, disk / str(n)) for n, part in enumerate(sorted(parts, key=lambda p: -p.size))]
        started = time.perf_counter()
        pool.starmap(_copy, jobs, chunksize=1)
        return time.perf_counter() - started


def _copy(part: Part, target: Path) -> None:
    inflater = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP) if part.compressed else None
    came, plain = hashlib.sha256(), hashlib.sha256()
    left = part.size
    with part.path.open("rb", buffering=0) as source, target.open("wb", buffering=0) as out:
        source.seek(part.offset)
        while left:
            data = source.read(min(_PIECE, left))
            left -= len(data)
            came.update(data)
            if inflater is None:
                out.write(data)
                continue
            while data or not (inflater.needs_input or inflater.eof):
                piece = inflater.decompress(data, _PIECE)
                plain.update(piece)
                out.write(piece)
                data = b""
        os.fsync(out.fileno())
