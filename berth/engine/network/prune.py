"""``network prune``: remove the networks that no container refers to."""

from berth.base.errors import BerthError
from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.network.rm import remove
from berth.engine.pruning import PruneReport, labels_pass, until_ns
from berth.engine.verbs import change

FILTERS = frozenset(("label", "label!", "until"))


@change
async def prune(engine: Engine, filters: Filters, *, dry: bool = False) -> PruneReport:
    """Remove the user's networks that no container, running or not, is to be connected to.

    With ``dry`` nothing is removed: the report says what would be.
    """
    before = until_ns(filters)
    wanted = {name for cell in engine.containers for name in cell.record.endpoints}
    deleted: list[str] = []
    for network in engine.networks.list():
        young = before is not None and network.created_at >= before
        if network.predefined or young or not labels_pass(filters, network.labels):
            continue
        if not wanted.isdisjoint((network.name, network.id)):
            continue
        try:
            if not dry:
                await remove(engine, network.id)
        except BerthError:
            continue  # somebody was quicker, to use it or to remove it
        deleted.append(network.name)
    if not dry:
        await engine.events.record("network", "prune", "", {"reclaimed": "0"})
    return PruneReport(tuple(deleted), 0)
