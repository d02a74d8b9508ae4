"""``volume inspect``: one volume."""

from typing import NamedTuple

from berth.engine.engine import Engine
from berth.volume.record import Volume


class FoundVolume(NamedTuple):
    """A volume and where its content is. ``size`` in bytes and ``users`` (containers) only when counted."""

    volume: Volume
    mountpoint: str
    size: int | None = None
    users: int | None = None


async def inspect(engine: Engine, name: str) -> FoundVolume:
    """The volume; NotFound when there is none."""
    return found(engine, engine.volumes.get(name))


def found(engine: Engine, volume: Volume) -> FoundVolume:
    """A volume with its place."""
    return FoundVolume(volume, str(engine.volumes.mountpoint(volume.name)))
