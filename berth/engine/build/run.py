"""RUN: a command in a container made from the state before, and what it wrote as a layer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from berth.base.errors import Conflict
from berth.base.tasks import Stop, in_thread
from berth.engine.build.container import Wanted, leave, make, remove
from berth.engine.build.copy import write_pieces
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce
from berth.engine.container.console import Session
from berth.engine.container.record import MountPoint
from berth.engine.container.supervise import run_cell
from berth.engine.engine import Engine
from berth.image.layers import StagedLayer, Staging
from berth.image.pack import pack_layer
from berth.image.tar.writer import END

Output = Callable[[int, bytes], None]
"""Told of (stream, data) as it comes."""


class StepContainer:
    """The container of one RUN step, from its making to its end: a ``with`` block that removes it unless it
    was settled otherwise."""

    def __init__(self, engine: Engine, cell: Cell) -> None:
        self._engine = engine
        self.cell = cell
        self._settled = False

    @classmethod
    async def make(cls, engine: Engine, wanted: Wanted) -> "StepContainer":
        """Create the container; see ``container.make``."""
        return cls(engine, await make(engine, wanted))

    async def __aenter__(self) -> "StepContainer":
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._settled:
            await asyncio.shield(remove(self._engine, self.cell))

    async def lay_stubs(self) -> None:
        """Make places for the mounts that the image lacks, where they are no part of the layer."""
        points = self.cell.record.mounts
        places = [(point.destination, _is_directory(point)) for point in points if point.destination]
        places = [place for place in places if not place[0].startswith("/dev/")]
        if places:
            await in_thread(Stop(), self._engine.images.snapshots.lay_stubs, self.cell.id, places)

    async def run(self, output: Output, room: Callable[[], Awaitable[None]]) -> int:
        """Run the command to its end; its exit code. LaunchError when it cannot even be started.

        ``room`` is awaited after each piece of output: as long as it does not return, the command is held
        back by its own output.
        """
        engine, cell = self._engine, self.cell
        session = Session(tty=False, streams=(False, True, True))
        cell.console.add(session)
        announce(engine, cell, "attach")
        exited = cell.next_exit()
        async with cell.lock:
            await run_cell(engine, cell)
        async for stream, data in session:
            output(stream, data)
            await room()
        return (await exited).code

    async def pack(self, staging: Staging, latest: int | None) -> StagedLayer | None:
        """What the command wrote, as a layer that is on disk; None when it wrote nothing. No time in it is
        later than ``latest`` (seconds since the epoch).

        Conflict when somebody has removed the container meanwhile.
        """
        images = self._engine.images
        key = self.cell.id
        if key not in images.snapshot_keys():
            raise Conflict("the container of the step was removed while the build was at work on it")
        below = images.layers.lowers(images.snapshots.layers_of(key))
        stop = Stop()
        return await in_thread(stop, _pack, staging, images.upper(key), below, latest, stop)

    def remove_later(self) -> "asyncio.Task[None]":
        """Remove the container in the background: the next step need not wait for it."""
        self._settled = True
        return self._engine.tasks.spawn(f"remove {self.cell.id}", remove(self._engine, self.cell))

    async def leave(self) -> None:
        """Let the container stay."""
        self._settled = True
        await leave(self._engine, self.cell)


def _pack(
    staging: Staging, upper: Path, below: Sequence[Path], latest: int | None, stop: Stop
) -> StagedLayer | None:
    staged = write_pieces(staging, pack_layer((upper,), below, clamp=latest), stop)
    return None if staged.info.tar_size == len(END) else staged


def _is_directory(point: MountPoint) -> bool:
    return point.kind == "tmpfs" or Path(point.source).is_dir()
