"""A container that is frozen while its files are read: nobody has asked for that, so it never lasts longer.

A mark below the exec root (``frozen/<id>``) says that a freeze is the engine's own. It is there before the
container stands still, so that the next daemon lets it go on when this one does not live to do so.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from berth.base.errors import BerthError
from berth.engine.container.cell import Cell
from berth.engine.container.change import event, move
from berth.engine.container.lifecycle import Action
from berth.engine.container.record import Status
from berth.engine.container.runtime import runtime_of
from berth.engine.engine import Engine


@contextlib.asynccontextmanager
async def still(engine: Engine, cell: Cell, *, wanted: bool) -> AsyncIterator[None]:
    """Freeze the container if it runs, and let it go on afterwards; one that is paused stays so.

    The lock is not held meanwhile, so that the container can be stopped or killed while its files are read.
    """
    mark = _mark(engine, cell)
    async with cell.lock:
        frozen = wanted and cell.state.status is Status.RUNNING
        if frozen:
            mark.parent.mkdir(mode=0o700, exist_ok=True)
            mark.touch()
            try:
                await runtime_of(engine, cell.record).pause(cell.id)
            except BaseException:
                mark.unlink(missing_ok=True)
                raise
            await move(engine, cell, Action.PAUSE, event(cell.record, "pause"))
    try:
        yield
    finally:
        if frozen:
            async with cell.lock:
                await _go_on(engine, cell)
                mark.unlink(missing_ok=True)


async def end_stillness(engine: Engine, running: Collection[Cell]) -> None:
    """Let those of the running containers go on that an earlier daemon has frozen for itself."""
    marks = _marks(engine)
    marked = os.listdir(marks) if marks.is_dir() else ()
    for cell in running if marked else ():
        if cell.id in marked:
            await _end(engine, cell)
    for name in marked:
        (marks / name).unlink(missing_ok=True)


async def _end(engine: Engine, cell: Cell) -> None:
    async with cell.lock:
        if cell.state.status is Status.RUNNING:  # the row was not written any more
            with contextlib.suppress(BerthError):  # or it does not stand still yet
                await runtime_of(engine, cell.record).resume(cell.id)
        await _go_on(engine, cell)


async def _go_on(engine: Engine, cell: Cell) -> None:
    if cell.state.status is Status.PAUSED:
        with contextlib.suppress(BerthError):  # it has gone on already, and the row does not say so
            await runtime_of(engine, cell.record).resume(cell.id)
        await move(engine, cell, Action.UNPAUSE, event(cell.record, "unpause"))


def _mark(engine: Engine, cell: Cell) -> Path:
    return _marks(engine) / cell.id


def _marks(engine: Engine) -> Path:
    """One directory for all: a start looks once, not at every container."""
    return engine.settings.exec_root / "frozen"
