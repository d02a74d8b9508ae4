"""The contract of a layer's form: how a tar stream becomes something that overlayfs can use as a lower.

A form writes into a fresh directory that nobody else sees, and nothing outside of it. What it wrote can
be renamed, and it is complete when ``write`` returned and ``sync`` did. Implementations: ``directory``
(a plain tree) and ``erofs`` (one file with the archive inside). One contract suite runs on both.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from berth.image.tar.source import NextChunk


class Written(NamedTuple):
    """``size`` is what the files of the layer hold together (hard links once); ``opaque_root`` says that
    the layer hides everything below it."""

    size: int
    opaque_root: bool


class LayerForm(Protocol):
    """See the module. All methods block; ``write`` and ``archive`` belong in a thread."""

    name: str
    landing: tuple[str, int] | None
    """The file in the layer's directory that holds the archive as it is, and where in it the archive begins;
    None when the form has no such file."""

    def write(
        self, next_chunk: NextChunk, directory: Path, entry_limit: int, *, landed: bool = False
    ) -> Written:
        """Turn the plain archive into the form; reads until the chunks end. TarError for a bad archive.

        ``landed``: the same bytes stand at ``landing`` already.
        """

    def sync(self, directory: Path) -> None:
        """Return when everything below ``directory`` is on disk."""

    def archive(self, directory: Path, tar_size: int) -> Iterator[bytes]:
        """The archive that was written, byte for byte."""

    def lower(self, directory: Path, mount_point: Path) -> Path:
        """A directory for overlayfs; mounted at ``mount_point`` if the form needs a mount. Idempotent."""
