"""``builder prune``: give back the disk that builds keep to be quicker next time."""

import time

from berth.base.filters import Filters
from berth.build.cache_policy import FILTERS as FILTERS
from berth.build.cache_policy import (
    LOCAL,
    MOUNT,
    REGULAR,
    Bounds,
    CacheEntry,
    age_filter,
    freed_bytes,
    select,
    within,
)
from berth.engine.engine import Engine
from berth.engine.image.use import container_counts
from berth.engine.pruning import PruneReport, parse_moment
from berth.engine.verbs import change

_CONTEXTS = "contexts"


async def cache_entries(engine: Engine) -> list[CacheEntry]:
    """Everything that is kept for builds: results of steps, cache mounts, and the files of contexts."""
    builds = engine.builds
    entries = builds.cache.entries(container_counts(engine))
    entries += await builds.cache_mounts.entries()
    size = await builds.contexts.usage()
    if size:
        now = time.time_ns()
        entries.append(
            CacheEntry(
                id=_CONTEXTS,
                type=LOCAL,
                description="files of build contexts",
                size=size,
                created_ns=now,
                used_ns=now,
            )
        )
    return entries


@change
async def prune(engine: Engine, filters: Filters, bounds: Bounds, *, all: bool = False) -> PruneReport:
    """Remove what ``filters`` let go, as far as ``bounds`` demand. Without ``all`` results stay whose files
    an image has as well."""
    age = age_filter(filters)
    before = parse_moment(age) if age is not None else None
    entries = await cache_entries(engine)
    removable = select(entries, filters, all=all, before_ns=before)
    chosen = within(entries, removable, bounds, engine.builds.cache.disk())
    return await remove_entries(engine, entries, chosen)


async def remove_entries(engine: Engine, entries: list[CacheEntry], chosen: list[CacheEntry]) -> PruneReport:
    """Remove ``chosen`` of ``entries``, unless somebody uses them by now; what went."""
    builds = engine.builds
    gone = await builds.cache.remove([entry for entry in chosen if entry.type == REGULAR])
    mounts = {entry.id: entry for entry in chosen if entry.type == MOUNT}
    gone += [mounts[name] for name in await builds.cache_mounts.remove(list(mounts))]
    reclaimed = freed_bytes(entries, gone)
    if any(entry.id == _CONTEXTS for entry in chosen):
        reclaimed += await builds.contexts.collect(0)
        gone += [entry for entry in chosen if entry.id == _CONTEXTS]
    return PruneReport(tuple(entry.id for entry in gone), reclaimed)
