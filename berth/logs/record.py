"""The log format that conmon writes (Kubernetes' CRI log format), bytes to entries.

::

    2026-11-21T11:57:07.306398781+00:00 stdout F a whole line
    2026-11-21T11:57:07.306398781+00:00 stdout P a part that goes on in the next record of the stream

The time is always 35 bytes, so every field has its place. conmon reads at most 8192 bytes at once and gives
all records of one read the same time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from berth.logs.entry import Entry
from berth.wire.stdcopy import STDERR, STDOUT

STREAM_AT, TAG_AT, DATA_AT = 36, 43, 45
STREAMS = {b"stdout": STDOUT, b"stderr": STDERR}
FULL, PARTIAL = b"F", b"P"
JOIN_LIMIT = 1 << 20
"""Longer lines are handed out in pieces: a container that never writes a newline must not fill our memory."""

_P = PARTIAL[0]
_KINDS = {stream: (name + b" F ", name + b" P ") for name, stream in STREAMS.items()}
_NS = 1_000_000_000


class Clock:
    """Times of records; the second is parsed once for all records in it."""

    def __init__(self) -> None:
        self._second = b""
        self._seconds = 0

    def parse(self, record: bytes) -> int:
        """Nanoseconds since 1970; ValueError when the record does not begin with a time."""
        second = record[:19] + record[29:35]
        if second != self._second:
            text = second.decode("ascii")
            moment = datetime.fromisoformat(text)
            self._seconds = int((moment - _EPOCH).total_seconds())
            self._second = second
        return self._seconds * _NS + int(record[20:29])


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_record(entry: Entry) -> bytes:
    """The record of one entry, as conmon writes it."""
    seconds, nanoseconds = divmod(entry.time_ns, _NS)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    name = "stdout" if entry.stream == STDOUT else "stderr"
    whole = entry.data.endswith(b"\n")
    head = f"{moment}.{nanoseconds:09d}+00:00 {name} {'F' if whole else 'P'} "
    return head.encode("ascii") + entry.data + (b"" if whole else b"\n")


class Joiner:
    """Records in, entries out: parts of a line are joined, each stream by itself."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._rest = b""
        self._open: dict[int, list[bytes]] = {}
        self._times: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._continued: dict[int, bool] = {}

    def feed(self, block: bytes) -> Iterator[Entry]:
        """The entries that ``block`` completes; a record cut at its end waits for the next block."""
        lines = (self._rest + block).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            entry = self._record(line)
            if entry is not None:
                yield entry

    def feed_joined(self, block: bytes) -> Iterator[Entry]:
        """As ``feed``, but a block of one stream alone comes as one entry with the time of its first."""
        lines = (self._rest + block).split(b"\n")
        rest = lines.pop()
        stream = STREAMS.get(lines[0][STREAM_AT : TAG_AT - 1]) if lines else None
        if stream is None or any(other != stream for other in self._open):
            yield from self.feed(block)
            return
        content = _strip(lines, stream)
        if content is None:
            yield from self.feed(block)
            return
        self._rest = rest
        head = self._close(stream) if stream in self._open else None
        time_ns = self._clock.parse(lines[0]) if head is None else head.time_ns
        joined = content if head is None else head.data + content
        if joined.endswith(b"\n"):
            yield Entry(time_ns, stream, joined)
            return
        # The last line goes on in the next block: keep its beginning back.
        cut = joined.rfind(b"\n") + 1
        if cut:
            yield Entry(time_ns, stream, joined[:cut])
        self._keep(time_ns, stream, joined[cut:])
        if self._sizes[stream] >= JOIN_LIMIT:
            yield self._hand_out(stream)

    def flush(self) -> Iterator[Entry]:
        """The lines that never got their end, when no more records will come."""
        self._rest = b""
        for stream in tuple(self._open):
            yield self._close(stream)

    def _record(self, line: bytes) -> Entry | None:
        stream = STREAMS.get(line[STREAM_AT : TAG_AT - 1])
        tag = line[TAG_AT : TAG_AT + 1]
        if stream is None or tag not in (FULL, PARTIAL):
            return None  # cut short by a crash, or not ours
        try:
            time_ns = self._clock.parse(line)
        except ValueError:
            return None
        if tag == FULL:
            data = line[DATA_AT:] + b"\n"
            if stream not in self._open:
                return Entry(time_ns, stream, data)
            self._open[stream].append(data)
            return self._close(stream)
        self._keep(time_ns, stream, line[DATA_AT:])
        return self._hand_out(stream) if self._sizes[stream] >= JOIN_LIMIT else None

    def _keep(self, time_ns: int, stream: int, data: bytes) -> None:
        """Remember a part of a line."""
        if stream not in self._open:
            self._open[stream] = []
            self._times[stream] = time_ns
            self._sizes[stream] = 0
        self._open[stream].append(data)
        self._sizes[stream] += len(data)

    def _hand_out(self, stream: int) -> Entry:
        """What there is of a line that grows too long; the rest of it is marked as continued."""
        entry = Entry(
            self._times[stream], stream, b"".join(self._open[stream]), self._continued.get(stream, False)
        )
        self._open[stream], self._sizes[stream], self._continued[stream] = [], 0, True
        return entry

    def _close(self, stream: int) -> Entry:
        data = b"".join(self._open.pop(stream))
        return Entry(self._times.pop(stream), stream, data, self._continued.pop(stream, False))


def _strip(lines: list[bytes], stream: int) -> bytes | None:
    """The content of records; None unless all are of ``stream``."""
    full, partial = _KINDS[stream]
    kinds = {line[STREAM_AT:DATA_AT] for line in lines}
    if kinds == {full}:
        return b"\n".join([line[DATA_AT:] for line in lines]) + b"\n"
    if kinds <= {full, partial}:
        return b"".join([line[DATA_AT:] if line[TAG_AT] == _P else line[DATA_AT:] + b"\n" for line in lines])
    return None
