"""``attach``: join the streams of a container's own process, now or when it starts."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from berth.base.errors import Conflict
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce
from berth.engine.container.console import Session
from berth.engine.container.detach import parse_detach_keys
from berth.engine.container.logs import logs
from berth.engine.container.record import Status
from berth.engine.engine import Engine
from berth.logs.entry import LogQuery


class AttachOptions(NamedTuple):
    """``logs`` replays what was printed so far, ``stream`` follows from now on."""

    stream: bool = True
    logs: bool = False
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    detach_keys: str = ""


async def attach(engine: Engine, ref: str, options: AttachOptions) -> Session:
    """A session on the container. Conflict when it is paused or about to restart."""
    cell = engine.containers.resolve(ref)
    keys = parse_detach_keys(options.detach_keys)
    if cell.state.status is Status.PAUSED:
        raise Conflict(f"container {ref} is paused, unpause the container before attach")
    if cell.state.status is Status.RESTARTING:
        raise Conflict(f"container {ref} is restarting, wait until the container is running")
    config = cell.record.config
    session = Session(
        tty=config.tty,
        streams=(options.stdin and config.open_stdin and options.stream, options.stdout, options.stderr),
        keys=keys,
        prelude=await _replay(engine, cell, options) if options.logs else None,
        on_detach=lambda: _detached(engine, cell),
    )
    if options.stream:
        cell.console.add(session)
    else:
        session.end()
    announce(engine, cell, "attach")
    return session


def _detached(engine: Engine, cell: Cell) -> None:
    announce(engine, cell, "detach")


async def _replay(engine: Engine, cell: Cell, options: AttachOptions) -> AsyncIterator[tuple[int, bytes]]:
    query = LogQuery(stdout=options.stdout, stderr=options.stderr, joined=True)
    printed = await logs(engine, cell.id, query)
    return ((entry.stream, entry.data) async for batch in printed.batches for entry in batch)
