"""Where the last N entries of a log begin, found from its end without reading what comes before."""

import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from berth.logs.record import DATA_AT, FULL, STREAM_AT, TAG_AT

_BLOCK = 64 << 10


class Start(NamedTuple):
    """Begin with file number ``file`` at ``offset``; ``before`` are records to read first.

    ``before`` holds the first parts of lines whose end lies behind ``offset``.
    """

    file: int
    offset: int
    before: tuple[bytes, ...] = ()


def find_tail(files: Sequence[BinaryIO], count: int) -> Start:
    """Where the last ``count`` entries of ``files`` (oldest first) begin."""
    if count <= 0:
        last = len(files) - 1
        return Start(last, os.fstat(files[last].fileno()).st_size) if files else Start(0, 0)
    entries = 0
    seen: set[bytes] = set()
    records = _records_backwards(files)
    for index, offset, record in records:
        stream, tag = record[STREAM_AT : TAG_AT - 1], record[TAG_AT : TAG_AT + 1]
        # A part at the very end of a stream is an entry that has not got its end.
        if tag == FULL or stream not in seen:
            if entries == count:
                first = _Open(stream, tag, record)
                return Start(index, offset + len(record) + 1, _beginnings(first, records, seen))
            entries += 1
        seen.add(stream)
    return Start(0, 0)


class _Open(NamedTuple):
    stream: bytes
    tag: bytes
    record: bytes


def _beginnings(
    first: _Open, records: Iterator[tuple[int, int, bytes]], streams: set[bytes]
) -> tuple[bytes, ...]:
    """The parts just before the start that belong to lines ending after it (streams may interleave)."""
    open_streams = set(streams)
    found: list[bytes] = []
    if first.tag == FULL:
        open_streams.discard(first.stream)
    for _ in range(_LOOK_BACK):
        if not open_streams:
            break
        step = next(records, None)
        if step is None:
            break
        record = step[2]
        stream = record[STREAM_AT : TAG_AT - 1]
        if stream not in open_streams:
            continue
        if record[TAG_AT : TAG_AT + 1] == FULL:
            open_streams.discard(stream)
        else:
            found.append(record)
    return tuple(reversed(found))


_LOOK_BACK = 256
"""How many records a line's parts are looked for: lines of 2 MiB, or busy neighbours."""


def _records_backwards(files: Sequence[BinaryIO]) -> Iterator[tuple[int, int, bytes]]:
    """(file number, offset, record without newline), from the end; what is cut or foreign is left out."""
    for index in range(len(files) - 1, -1, -1):
        descriptor = files[index].fileno()
        position = os.fstat(descriptor).st_size
        rest = b""
        first = True
        while position > 0:
            size = min(_BLOCK, position)
            position -= size
            lines = (os.pread(descriptor, size, position) + rest).split(b"\n")
            end = position + sum(len(line) + 1 for line in lines) - 1
            if first:
                end -= len(lines.pop()) + 1  # empty after a newline, else a record still being written
                first = not lines
            rest = lines[0] if lines else b""
            for line in reversed(lines[1:]):
                end -= len(line)
                if len(line) >= DATA_AT - 1:
                    yield index, end, line
                end -= 1
        if len(rest) >= DATA_AT - 1 and not first:
            yield index, 0, rest
