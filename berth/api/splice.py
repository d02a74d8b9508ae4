"""A process's streams on one side, a client's raw connection on the other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from berth.server.message import Takeover
from berth.server.rawstream import RawStream
from berth.wire.stdcopy import frame


class Session(Protocol):
    """What the engine's attach and exec give."""

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]: ...
    async def write(self, data: bytes) -> None: ...
    async def close_stdin(self) -> None: ...
    async def close(self) -> None: ...


def takeover(session: Session, content_type: str, *, framed: bool) -> Takeover:
    """The answer that hands the connection to ``session``."""

    async def run(raw: RawStream) -> None:
        await splice(session, raw, framed=framed)

    return Takeover([("Content-Type", content_type)], run)


async def splice(session: Session, raw: RawStream, *, framed: bool) -> None:
    """Carry bytes both ways until the process's output ends or the client goes away.

    The client's end of file closes stdin, and the output goes on. The session is closed in the end, the
    process is left alone.
    """
    try:
        async with asyncio.TaskGroup() as group:
            stdin = group.create_task(_feed(session, raw))
            async for stream, data in session:
                await raw.write(frame(stream, data) if framed else data)
            stdin.cancel()
    except* ConnectionError:
        pass  # one of the two ends is gone
    finally:
        await session.close()


async def _feed(session: Session, raw: RawStream) -> None:
    with contextlib.suppress(ConnectionError):  # a process that has closed its stdin still has output
        while data := await raw.read():
            await session.write(data)
        await session.close_stdin()
