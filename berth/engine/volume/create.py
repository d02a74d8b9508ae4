"""``volume create``: a volume, or the one that has the name already."""

from collections.abc import Mapping
from typing import NamedTuple

from berth.base.caller import Caller
from berth.base.errors import NotFound
from berth.engine.engine import Engine
from berth.engine.verbs import change
from berth.engine.volume.inspect import FoundVolume, found


class VolumeOptions(NamedTuple):
    """A wish for a volume; an empty name asks for an anonymous one."""

    name: str
    driver: str
    driver_opts: Mapping[str, str]
    labels: Mapping[str, str]
    caller: Caller


@change
async def create(engine: Engine, options: VolumeOptions) -> FoundVolume:
    """Make the volume if it is not there; the event tells of new ones only."""
    existed = _exists(engine, options.name)
    volume = await engine.volumes.create(
        options.name,
        driver=options.driver,
        driver_opts=options.driver_opts,
        labels=options.labels,
        anonymous=not options.name,
        owner_uid=options.caller.uid,
    )
    if not existed:
        await engine.events.record("volume", "create", volume.name, {"driver": volume.driver})
    return found(engine, volume)


def _exists(engine: Engine, name: str) -> bool:
    if not name:
        return False
    try:
        engine.volumes.get(name)
    except NotFound:
        return False
    return True
