"""Blobs on their way: what has arrived stays on disk whatever happens to the pull; the next one goes on.

On disk, below the image root::

    partial/<64 hex>       the first bytes of the blob with this sha256, as many as have come

Nothing here is trusted: the digest is checked over all bytes when the last one is there. So no byte needs
to be on disk for sure; after a crash of the machine a damaged part is found out, thrown away, and fetched
again. What nobody came back for is removed by ``sweep``.
"""

import contextlib
import os
import time
from pathlib import Path

from berth.base.digest import Digest, digest_hex
from berth.image.growing import GrowingFile

_KEEP_S = 7 * 86400.0


class Partials:
    """The directory of them."""

    def __init__(self, root: Path) -> None:
        self._directory = root / "partial"
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, digest: Digest, size: int) -> GrowingFile:
        """The blob's part, empty if nothing has come yet. One opener at a time, which the caller sees to."""
        return GrowingFile(self._directory / digest_hex(digest), size)

    def discard(self, *digests: Digest) -> None:
        """Throw parts away."""
        for digest in digests:
            (self._directory / digest_hex(digest)).unlink(missing_ok=True)

    def sweep(self, keep_s: float = _KEEP_S) -> int:
        """Remove the parts that were not touched for ``keep_s`` seconds; returns the bytes that are free."""
        freed = 0
        limit = time.time() - keep_s
        with os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_mtime < limit:
                        os.unlink(entry.path)
                        freed += status.st_size
        return freed
