"""Volumes."""

from berth.api.shape.times import rfc3339_seconds
from berth.api.shape.wire import Json
from berth.engine.volume.inspect import FoundVolume


def volume(found: FoundVolume) -> Json:
    """A volume as every answer has it; use is counted by ``system df`` only."""
    known = found.volume
    shaped: Json = {
        "CreatedAt": rfc3339_seconds(known.created_ns),
        "Driver": known.driver,
        "Labels": known.labels or None,
        "Mountpoint": found.mountpoint,
        "Name": known.name,
        "Options": known.options or None,
        "Scope": "local",
    }
    if known.owner_uid >= 0:
        shaped["Owner"] = {"Uid": known.owner_uid}
    if found.size is not None:
        shaped["UsageData"] = {"RefCount": found.users or 0, "Size": found.size}
    return shaped
