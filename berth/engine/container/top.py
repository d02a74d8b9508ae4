"""``top``: the processes of a container as the host's ps(1) sees them."""

from berth.base.errors import Conflict
from berth.engine.container.cgroups import cgroup_of
from berth.engine.container.change import announce
from berth.engine.container.record import Status
from berth.engine.engine import Engine
from berth.runtime.top import Top
from berth.runtime.top import top as run_ps


async def top(engine: Engine, ref: str, ps_args: str = "") -> Top:
    """List the processes. Conflict when the container does not run; errors of ps as they are."""
    cell = engine.containers.resolve(ref)
    if cell.state.status is Status.RESTARTING:
        raise Conflict(f"Container {cell.id} is restarting, wait until the container is running")
    if not cell.state.running:
        raise Conflict(f"container {cell.id} is not running")
    result = await run_ps(cgroup_of(engine, cell.record).processes(), ps_args)
    announce(engine, cell, "top")
    return result
