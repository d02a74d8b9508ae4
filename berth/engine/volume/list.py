"""``volume ls``: the volumes, by name."""

from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.volume.inspect import FoundVolume, found
from berth.engine.volume.use import users


async def list_volumes(engine: Engine, filters: Filters | None = None) -> list[FoundVolume]:
    """Volumes that pass the filters; one that no container refers to is dangling."""
    chosen = engine.volumes.list(filters, users(engine).keys())
    return [found(engine, volume) for volume in chosen]
