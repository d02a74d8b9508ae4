"""``container prune``: remove the containers that do not run."""

import time
from datetime import datetime
from typing import NamedTuple

from berth.base.errors import BerthError, InvalidArgument
from berth.base.filters import Filters
from berth.base.units import parse_duration
from berth.engine.container.record import ContainerRecord, Status
from berth.engine.container.rm import remove
from berth.engine.engine import Engine
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
    before = _until(filters)
    gone: list[str] = []
    reclaimed = 0
    for cell in engine.containers:
        record = cell.record
        if record.state.status not in _REMOVABLE or not _passes(record, filters, before):
            continue
        size = await engine.images.usage(record.id)
        try:
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
    unwanted = filters.get("label!")
    has_unwanted = any(filters_match(record.config.labels, text) for text in unwanted)
    return filters.labels(record.config.labels) and not has_unwanted


def filters_match(labels: dict[str, str], text: str) -> bool:
    """Whether ``labels`` has ``key`` or ``key=value``."""
    key, equals, value = text.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _until(filters: Filters) -> int | None:
    """The ``until`` filter as nanoseconds since the epoch: a time stamp, or a duration before now."""
    given = filters.get("until")
    if not given:
        return None
    if len(given) > 1:
        raise InvalidArgument("more than one until filter specified")
    return parse_moment(given[0])


def parse_moment(text: str) -> int:
    """A unix time, an RFC 3339 time, or a Go duration before now, as nanoseconds since the epoch."""
    seconds, _, fraction = text.partition(".")
    if seconds.isdecimal():
        return int(seconds) * 10**9 + int((fraction + "0" * 9)[:9] or 0)
    try:
        return time.time_ns() - parse_duration(text)
    except InvalidArgument:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(
            f'failed to parse value as time or duration: "{text}"',
            hint="use a time stamp or a duration such as 24h",
        ) from None
    return int(moment.timestamp() * 1e9)
