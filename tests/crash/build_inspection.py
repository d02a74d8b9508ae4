"""What must be true of builds at rest: rows, images, files and mounts tell one story."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator

from tests.crash.daemon import MortalDaemon
from tests.support.host import mounts_below

_RESULT_WITHOUT_IMAGE = (
    "SELECT image_id FROM build_results WHERE image_id NOT IN (SELECT id FROM image_images)"
)
_KEY_WITHOUT_RESULT = "SELECT key FROM build_keys WHERE image_id NOT IN (SELECT image_id FROM build_results)"
_STEP_WITHOUT_RESULT = (
    "SELECT image_id FROM image_hidden WHERE shown = 0 "
    "AND image_id NOT IN (SELECT image_id FROM build_results)"
)
_LAYER_NOT_THERE = (
    "SELECT image_id || ' ' || layer FROM build_results WHERE layer != '' "
    "AND layer NOT IN (SELECT diff_id FROM image_layers)"
)


def build_faults(daemon: MortalDaemon) -> list[str]:
    """Everything that a build has left behind and nobody will use, and every result that is not whole, in
    words."""
    return [*_rows(daemon), *_files(daemon), *_mounts(daemon)]


def _rows(daemon: MortalDaemon) -> Iterator[str]:
    database = sqlite3.connect(f"file:{daemon.data_root}/state.db?mode=ro", uri=True, timeout=10)
    try:
        for query, what in (
            (_RESULT_WITHOUT_IMAGE, "a result without an image"),
            (_KEY_WITHOUT_RESULT, "a key without a result"),
            (_STEP_WITHOUT_RESULT, "an image of a step that no key leads to"),
            (_LAYER_NOT_THERE, "a result whose layer is gone"),
        ):
            yield from (f"{what}: {row[0]}" for row in database.execute(query))
    finally:
        database.close()


def _files(daemon: MortalDaemon) -> Iterator[str]:
    root = daemon.data_root / "build"
    for place in ("ingest", "programs"):
        yield from (f"build/{place}/{name}" for name in os.listdir(root / place))
    for name in os.listdir(root / "cache-mounts"):
        if name.endswith(".new"):
            yield f"half a cache mount {name}"
    for file in (root / "files").glob("*/*"):
        if hashlib.sha256(file.read_bytes()).hexdigest() != file.name:
            yield f"file {file.name} of a context has another digest"


def _mounts(daemon: MortalDaemon) -> Iterator[str]:
    for place in ("views", "build"):
        yield from (f"mount {path}" for path in mounts_below(daemon.exec_root / place))
    scratch = daemon.exec_root / "build"
    if scratch.is_dir():
        yield from (f"exec/build/{name}" for name in os.listdir(scratch))
