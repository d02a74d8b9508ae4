"""``resize``: tell a container's terminal the size of the client's."""

from berth.base.errors import Conflict
from berth.engine.container.change import announce
from berth.engine.engine import Engine


async def resize(engine: Engine, ref: str, height: int, width: int) -> None:
    """Set rows and columns. Conflict when the container is not running."""
    cell = engine.containers.resolve(ref)
    if not cell.state.running or cell.process is None:
        raise Conflict(f"Container {cell.id} is not running")
    await cell.process.io.resize(height, width)
    announce(engine, cell, "resize", {"height": str(height), "width": str(width)})
