"""The JSON of the build cache."""

from berth.api.shape.times import rfc3339
from berth.api.shape.wire import Json
from berth.build.cache_policy import CacheEntry


def cache_row(entry: CacheEntry) -> Json:
    """One entry of ``BuildCache`` in ``GET /system/df``."""
    row: Json = {
        "ID": entry.id,
        "Type": entry.type,
        "Description": entry.description,
        "InUse": entry.in_use,
        "Shared": entry.shared,
        "Size": entry.size,
        "CreatedAt": rfc3339(entry.created_ns),
        "LastUsedAt": rfc3339(entry.used_ns) if entry.used_ns else None,
        "UsageCount": entry.uses,
    }
    if entry.parents:
        row[" Parents"] = list(entry.parents)  # so spelled, with the blank, since API 1.42
    return row
