"""``GET /containers/{id}/logs``."""

from collections.abc import AsyncIterator

from berth.api.answers import MULTIPLEXED_STREAM, RAW_STREAM, stream
from berth.api.args import unix_time
from berth.api.call import Call
from berth.api.shape.times import rfc3339_fixed
from berth.base.errors import InvalidArgument
from berth.engine.container.inspect import inspect
from berth.engine.container.logs import logs
from berth.logs.model import Entry, LogQuery
from berth.server.message import Answer
from berth.wire.stdcopy import frame


async def handle(call: Call) -> Answer:
    """What a container has printed; with ``follow`` also what it prints from now on."""
    query = _query(call)
    record = (await inspect(call.engine, call.name)).record
    entries = await logs(call.engine, record.id, query)
    tty = record.config.tty
    multiplexed = not tty and call.version >= (1, 42)
    lines = _lines(entries, timestamps=call.flag("timestamps"), details=call.flag("details"), framed=not tty)
    return stream(lines, MULTIPLEXED_STREAM if multiplexed else RAW_STREAM)


def _query(call: Call) -> LogQuery:
    stdout, stderr = call.flag("stdout"), call.flag("stderr")
    if not stdout and not stderr:
        raise InvalidArgument("must specify at least one of 'stdout' or 'stderr'")
    tail = call.text("tail")
    until = call.text("until")
    return LogQuery(
        stdout=stdout,
        stderr=stderr,
        since=unix_time(call.text("since"), "since"),
        until=unix_time(until, "until") if until != "0" else None,
        tail=int(tail) if tail.isascii() and tail.isdecimal() else None,
        follow=call.flag("follow"),
    )


async def _lines(
    entries: AsyncIterator[Entry], *, timestamps: bool, details: bool, framed: bool
) -> AsyncIterator[bytes]:
    async for entry in entries:
        data = entry.data
        if details:
            data = entry.details.encode() + b" " + data
        if timestamps:
            data = rfc3339_fixed(entry.time_ns).encode() + b" " + data
        yield frame(entry.stream, data) if framed else data
