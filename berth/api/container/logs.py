"""``GET /containers/{id}/logs``."""

from collections.abc import AsyncIterator

from berth.api.answers import MULTIPLEXED_STREAM, RAW_STREAM, stream
from berth.api.args import unix_time
from berth.api.call import Call
from berth.api.shape.times import rfc3339_fixed
from berth.base.errors import InvalidArgument
from berth.engine.container.logs import LogStream, logs
from berth.logs.entry import LogQuery
from berth.server.message import Answer
from berth.wire.stdcopy import frame


async def handle(call: Call) -> Answer:
    """What a container has printed; with ``follow`` also what it prints from now on."""
    printed = await logs(call.engine, call.name, _query(call))
    multiplexed = not printed.tty and call.version >= (1, 42)
    chunks = _chunks(printed, timestamps=call.flag("timestamps"), details=call.flag("details"))
    return stream(chunks, MULTIPLEXED_STREAM if multiplexed else RAW_STREAM)


def _query(call: Call) -> LogQuery:
    stdout, stderr = call.flag("stdout"), call.flag("stderr")
    if not stdout and not stderr:
        raise InvalidArgument("must specify at least one of 'stdout' or 'stderr'")
    tail = call.text("tail")
    until = call.text("until")
    return LogQuery(
        stdout=stdout,
        stderr=stderr,
        since_ns=unix_time(call.text("since"), "since") or 0,
        until_ns=(unix_time(until, "until") or 0) if until != "0" else 0,
        tail=int(tail) if tail.isascii() and tail.isdecimal() else None,
        follow=call.flag("follow"),
        joined=not call.flag("timestamps") and not call.flag("details"),
    )


async def _chunks(printed: LogStream, *, timestamps: bool, details: bool) -> AsyncIterator[bytes]:
    """One chunk per batch: a frame per entry, or the bytes themselves with a terminal."""
    async for batch in printed.batches:
        parts: list[bytes] = []
        for entry in batch:
            data = entry.data
            if details and not entry.continued:
                data = printed.details + data
            if timestamps and not entry.continued:
                data = rfc3339_fixed(entry.time_ns).encode() + b" " + data
            parts.append(data if printed.tty else frame(entry.stream, data))
        yield b"".join(parts)
