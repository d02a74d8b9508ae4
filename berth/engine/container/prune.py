"""``container prune``: remove the containers that do not run."""

from typing import NamedTuple

from berth.base.errors import BerthError
from berth.base.filters import Filters
from berth.engine.container.record import ContainerRecord, Status
from berth.engine.container.rm import remove
from berth.engine.engine import Engine
from berth.engine.pruning import labels_pass, until_ns
from berth.engine.verbs import change

FILTERS = frozenset(("label", "label!", "until"))
_REMOVABLE = frozenset((Status.CREATED, Status.EXITED, Status.DEAD))


class Pruned(NamedTuple):
    """What went, and how many bytes of writable layers with it."""

    ids: tuple[str, ...]
    reclaimed: int


@change
async def prune(engine: Engine, filters: Filters, *, dry: bool = False) -> Pruned:
    """Remove stopped containers that pass ``filters``; one that is started meanwhile is left alone.

    With ``dry`` nothing is removed: the report says what would be.
    """
    before = until_ns(filters)
    gone: list[str] = []
    reclaimed = 0
    for cell in engine.containers:
        record = cell.record
        if record.state.status not in _REMOVABLE or record.build or not _passes(record, filters, before):
            continue
        try:
            size = await engine.images.usage(record.id)
            if not dry:
                await remove(engine, record.id)
        except BerthError:
            continue
        gone.append(record.id)
        reclaimed += size
    if not dry:
        await engine.events.record("container", "prune", "", {"reclaimed": str(reclaimed)})
    return Pruned(tuple(gone), reclaimed)


def _passes(record: ContainerRecord, filters: Filters, before: int | None) -> bool:
    if before is not None and record.created_at >= before:
        return False
    return labels_pass(filters, record.config.labels)
