"""``logs``: what a container has printed, and on demand what it goes on printing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from berth.engine.container.cell import Cell
from berth.engine.engine import Engine
from berth.logs.model import Entry, LogQuery
from berth.logs.reader import open_reader


async def logs(engine: Engine, ref: str, query: LogQuery) -> AsyncIterator[Entry]:
    """The entries that ``query`` asks for. Raises at once what is wrong with the request.

    With ``follow`` the iteration goes on until the container ends.
    """
    cell = engine.containers.resolve(ref)
    config = cell.record.host.log_config
    reader = open_reader(config.type, dict(config.config), Path(cell.record.log_path))
    return reader.read(query, ended=_ended(cell))


def _ended(cell: Cell) -> "asyncio.Future[object]":
    """Done when the current run is over, or when there is none."""
    if cell.state.running:
        return cell.next_exit()
    done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
