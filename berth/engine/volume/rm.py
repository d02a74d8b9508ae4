"""``volume rm``: remove a volume and its content."""

from berth.base.errors import Conflict, NotFound
from berth.engine.engine import Engine
from berth.engine.verbs import change
from berth.engine.volume.use import users


@change
async def remove(engine: Engine, name: str, *, force: bool = False) -> None:
    """Remove the volume. Conflict while a container, running or not, refers to it; ``force`` only makes a
    missing one no error."""
    try:
        volume = engine.volumes.get(name)
    except NotFound:
        if force:
            return
        raise
    holders = users(engine).get(volume.name)
    if holders:
        raise Conflict(f"remove {name}: volume is in use - [{', '.join(holders)}]")
    await engine.volumes.remove(volume.name, force=force)
    await engine.events.record("volume", "destroy", volume.name, {"driver": volume.driver})
