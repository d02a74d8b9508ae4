"""``exec``, first half: note what is to be run in a running container."""

from berth.base.errors import Conflict, InvalidArgument
from berth.base.ids import ExecId, new_id
from berth.engine.container.cell import Cell
from berth.engine.container.change import announce
from berth.engine.container.record import Status
from berth.engine.engine import Engine
from berth.engine.exec.registry import ExecOptions, ExecSession


async def create(engine: Engine, ref: str, options: ExecOptions) -> ExecId:
    """Make an exec session; it runs nothing before its start. Conflict when the container does not run."""
    cell = engine.containers.resolve(ref)
    check_running(cell, ref)
    if not options.command:
        raise InvalidArgument("No exec command specified")
    engine.monitor.prepare()
    session = ExecSession(ExecId(new_id()), cell.id, options)
    engine.execs.add(session)
    announce(engine, cell, f"exec_create: {' '.join(options.command)}", {"execID": session.id})
    return session.id


def check_running(cell: Cell, ref: str) -> None:
    """Raise what Docker answers when nothing can be run in the container at the moment."""
    status = cell.state.status
    if status is Status.PAUSED:
        raise Conflict(f"Container {ref} is paused, unpause the container before exec")
    if status is Status.RESTARTING:
        raise Conflict(f"Container {cell.id} is restarting, wait until the container is running")
    if status is not Status.RUNNING:
        raise Conflict(f"container {cell.id} is not running")
