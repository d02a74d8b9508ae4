"""Files with holes, as archives have them, as plain bytes."""

from collections.abc import Iterator

from berth.image.tar.entry import TarEntry, TarError

_ZEROS = bytes(1 << 20)


def expanded(entry: TarEntry, pieces: Iterator[memoryview]) -> Iterator[bytes | memoryview]:
    """A file's bytes, with zeros where a sparse one has holes."""
    if entry.sparse is None:
        yield from pieces
        return
    at = 0
    piece = memoryview(b"")
    for offset, length in entry.sparse:
        yield from _zeros(offset - at)
        at = offset + length
        while length:
            piece = piece or next(pieces)
            part, piece = piece[:length], piece[length:]
            length -= len(part)
            yield part
    for _ in pieces:
        raise TarError("invalid tar header: impossible sparse map")
    yield from _zeros(entry.real_size - at)


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield _ZEROS[:count]
        count -= len(_ZEROS)
