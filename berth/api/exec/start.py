"""``POST /exec/{id}/start``."""

import contextlib

from berth.api.answers import MULTIPLEXED_STREAM, RAW_STREAM
from berth.api.call import Call
from berth.api.splice import splice
from berth.base.errors import BerthError
from berth.engine.exec.inspect import inspect
from berth.engine.exec.start import start
from berth.engine.spec.naming import Record, Uint64
from berth.server.message import Answer, Response, Takeover
from berth.server.rawstream import RawStream
from berth.wire.stdcopy import EXIT, EXIT_HEADER, STDOUT, frame


class ExecStartRequest(Record, frozen=True, kw_only=True):
    """The body."""

    detach: bool = False
    tty: bool = False
    console_size: tuple[Uint64, Uint64] | None = None


async def handle(call: Call) -> Answer:
    """Run the command; unless detached, the connection becomes its streams.

    The connection is handed over before the command is started, as Docker does it: a command that cannot
    be run says so in the stream, and by its exit code.
    """
    wanted = await call.json(ExecStartRequest)
    session = await inspect(call.engine, call.name)
    tells = not wanted.tty and call.request.headers.get(EXIT_HEADER.lower()) == "frame"
    size = wanted.console_size if wanted.tty and call.version >= (1, 42) else None
    if wanted.detach:
        await start(call.engine, session.id, detach=True, tty=wanted.tty, console_size=size)
        return Response(200)

    async def run(raw: RawStream) -> None:
        try:
            streams = await start(call.engine, session.id, detach=False, tty=wanted.tty, console_size=size)
        except BerthError as error:
            line = f"{error.message}\r\n".encode()
            await raw.write(line if wanted.tty else frame(STDOUT, line))
        else:
            await splice(streams, raw, framed=not wanted.tty)
        if tells and session.exit_code is not None:
            with contextlib.suppress(ConnectionError):
                await raw.write(frame(EXIT, b"%d" % session.exit_code))

    said = call.request.wants_upgrade and call.version >= (1, 42) and not wanted.tty
    return Takeover([("Content-Type", MULTIPLEXED_STREAM if said else RAW_STREAM)], run)
