"""``volume prune``: remove the volumes that no container refers to."""

from berth.base.errors import Conflict, NotFound
from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.pruning import PruneReport, labels_pass
from berth.engine.verbs import change
from berth.engine.volume.use import users

FILTERS = frozenset(("all", "label", "label!"))


@change
async def prune(engine: Engine, filters: Filters, *, dry: bool = False) -> PruneReport:
    """Remove anonymous unused volumes; with the filter ``all=true`` the named ones too.

    With ``dry`` nothing is removed: the report says what would be.
    """
    named = bool(filters.boolean("all"))
    used = users(engine)
    deleted: list[str] = []
    reclaimed = 0
    for volume in engine.volumes.list():
        if volume.name in used or not (named or volume.anonymous) or not labels_pass(filters, volume.labels):
            continue
        try:
            size = await engine.volumes.usage(volume.name)
            if not dry:
                await engine.volumes.remove(volume.name)
        except (Conflict, NotFound):
            continue  # somebody was quicker, to use it or to remove it
        deleted.append(volume.name)
        reclaimed += size
        if not dry:
            await engine.events.record("volume", "destroy", volume.name, {"driver": volume.driver})
    if not dry:
        await engine.events.record("volume", "prune", "", {"reclaimed": str(reclaimed)})
    return PruneReport(tuple(deleted), reclaimed)
