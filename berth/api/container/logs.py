"""``GET /containers/{id}/logs``."""

from collections.abc import AsyncIterator, Callable

from berth.api.answers import MULTIPLEXED_STREAM, RAW_STREAM, stream
from berth.api.args import unix_time
from berth.api.call import Call
from berth.api.shape.times import rfc3339_fixed
from berth.base.errors import InvalidArgument
from berth.engine.container.logs import LogStream, logs
from berth.logs.entry import Entry, LogQuery
from berth.server.message import Answer
from berth.wire.stdcopy import frame


async def handle(call: Call) -> Answer:
    """What a container has printed; with ``follow`` also what it prints from now on. Framed unless it has a
    terminal, which the content type says since API 1.42."""
    timestamps, details = call.flag("timestamps"), call.flag("details")
    found = await logs(call.engine, call.name, _query(call))
    multiplexed = not found.tty and call.version >= (1, 42)
    lead = _lead(found.details if details else b"", timestamps=timestamps)
    return stream(_chunks(found, lead), MULTIPLEXED_STREAM if multiplexed else RAW_STREAM)


def _query(call: Call) -> LogQuery:
    stdout, stderr = call.flag("stdout"), call.flag("stderr")
    if not stdout and not stderr:
        raise InvalidArgument("Bad parameters: you must choose at least one stream")
    tail = call.text("tail")
    return LogQuery(
        stdout=stdout,
        stderr=stderr,
        since_ns=max(0, unix_time(call.text("since"), "since") or 0),
        until_ns=max(0, unix_time(call.text("until"), "until") or 0),
        tail=int(tail) if tail.isascii() and tail.isdecimal() else None,
        follow=call.flag("follow"),
    )


def _lead(details: bytes, *, timestamps: bool) -> Callable[[Entry], bytes]:
    """What stands before a line: the time, then the details."""

    def lead(entry: Entry) -> bytes:
        if entry.continued:
            return b""
        return (rfc3339_fixed(entry.time_ns).encode() + b" " if timestamps else b"") + details

    return lead


async def _chunks(found: LogStream, lead: Callable[[Entry], bytes]) -> AsyncIterator[bytes]:
    async for batch in found.batches:
        if found.tty:
            yield b"".join(lead(entry) + entry.data for entry in batch)
        else:
            yield b"".join(frame(entry.stream, lead(entry) + entry.data) for entry in batch)
