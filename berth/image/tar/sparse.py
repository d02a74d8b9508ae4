"""The four ways in which GNU tar stores files with holes (tar manual, "Storing Sparse Files")."""

from berth.image.tar.entry import BLOCK, TarError
from berth.image.tar.header import number
from berth.image.tar.pax import PaxRecords
from berth.image.tar.source import ByteSource

_LIMIT = 1_000_000
SparseMap = tuple[tuple[int, int], ...]


def old_gnu_map(header: bytes, source: ByteSource) -> tuple[SparseMap, int]:
    """Type ``S``: the map starts in the header and goes on in extension blocks. Returns map and real size."""
    pairs: list[tuple[int, int]] = []
    _collect(header, 386, 4, pairs)
    extended = header[482]
    while extended:
        block = source.take(BLOCK)
        if len(block) < BLOCK:
            raise TarError("unexpected EOF: the archive is truncated")
        _collect(block, 0, 21, pairs)
        extended = block[504]
        if len(pairs) > _LIMIT:
            raise TarError("invalid tar header: the sparse map is too long")
    return tuple(pairs), number(header, 483, 12)


def _collect(block: bytes, start: int, count: int, pairs: list[tuple[int, int]]) -> None:
    for at in range(start, start + 24 * count, 24):
        if not block[at]:
            return
        pairs.append((number(block, at, 12), number(block, at + 12, 12)))


def pax_map(records: PaxRecords) -> SparseMap | None:
    """Formats 0.0 (repeated records) and 0.1 (one list); None when the header speaks of neither."""
    if "GNU.sparse.map" in records.values:
        fields = records.values["GNU.sparse.map"].split(",") if records.values["GNU.sparse.map"] else []
        if not all(field.isdigit() for field in fields):
            raise TarError("invalid tar header: broken sparse map")
        numbers = [int(field) for field in fields]
    elif "GNU.sparse.numblocks" in records.values:
        numbers = records.sparse
    else:
        return None
    if len(numbers) % 2 or len(numbers) > 2 * _LIMIT:
        raise TarError("invalid tar header: broken sparse map")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def inline_map(source: ByteSource, size: int) -> tuple[SparseMap, int]:
    """Format 1.0: decimal lines in front of the data. Returns map and how many bytes it took."""
    taken = 0
    numbers: list[int] = []
    wanted = 1
    rest = b""
    while len(numbers) < wanted:
        if taken >= size:
            raise TarError("invalid tar header: broken sparse map")
        block = source.take(BLOCK)
        taken += BLOCK
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            if len(numbers) >= wanted:
                break
            if not line.isdigit() or len(line) > 20:
                raise TarError("invalid tar header: broken sparse map")
            numbers.append(int(line))
            if len(numbers) == 1:
                wanted = 1 + 2 * numbers[0]
        if wanted > 2 * _LIMIT:
            raise TarError("invalid tar header: the sparse map is too long")
    return tuple(zip(numbers[1::2], numbers[2::2], strict=True)), taken


def check_map(pairs: SparseMap, stored: int, real_size: int) -> None:
    """The pieces must be in order, inside the file, and add up to what is stored."""
    end = total = 0
    for offset, length in pairs:
        if offset < end or offset + length > real_size:
            raise TarError("invalid tar header: impossible sparse map")
        end = offset + length
        total += length
    if total != stored:
        raise TarError("invalid tar header: impossible sparse map")
