"""The plain form of a layer: a directory tree, for kernels that cannot mount a file.

On disk, in the layer's directory::

    diff/        the tree, whiteouts in overlayfs's form
    split.zst    see ``split``
    aside/       see ``split``
"""

from collections.abc import Iterator
from pathlib import Path

from berth.image.layer.extract import Extractor
from berth.image.layer.form import Written
from berth.image.layer.split import RecordingSource, SplitWriter, read_split
from berth.image.size import tree_size
from berth.image.tar.entry import TarError
from berth.image.tar.reader import TarReader
from berth.image.tar.source import NextChunk
from berth.kernel.sync import sync_filesystem

_TREE = "diff"


class DirectoryForm:
    """See LayerForm."""

    name = "directory"
    landing: tuple[str, int] | None = None

    def write(
        self, next_chunk: NextChunk, directory: Path, entry_limit: int, *, landed: bool = False
    ) -> Written:
        """See LayerForm."""
        tree = directory / _TREE
        tree.mkdir(mode=0o755)
        tree.chmod(0o755)
        split = SplitWriter(directory)
        extractor = Extractor(tree, directory / "aside", split)
        try:
            source = RecordingSource(next_chunk, split)
            reader = TarReader(source)
            for count, entry in enumerate(reader):
                if count >= entry_limit:
                    raise TarError(f"the layer has more than {entry_limit} entries")
                extractor.add(entry, reader.pieces())
            source.drain()
            extractor.finish()
            split.finish()
        finally:
            extractor.close()
            split.close()
        size = tree_size(tree) if extractor.replaced else extractor.size
        return Written(size, extractor.opaque_root)

    def sync(self, directory: Path) -> None:
        """See LayerForm."""
        sync_filesystem(directory)

    def archive(self, directory: Path, tar_size: int) -> Iterator[bytes]:
        """See LayerForm."""
        return read_split(directory, _TREE)

    def lower(self, directory: Path, mount_point: Path) -> Path:
        """See LayerForm."""
        return directory / _TREE
