"""What happens after builds: what is kept for later ones stays within bounds.

The rules are those of ``builder.gc`` in daemon.json, or one of our own. Measuring everything takes a look at
every file, so it is done only when something can have come of it: enough was written, or time has passed.
"""

from berth.base.filters import Filters
from berth.build.cache_policy import (
    LOCAL,
    Disk,
    Rule,
    age_filter,
    default_bounds,
    select,
    used_bytes,
    within,
)
from berth.engine.build.prune import cache_entries, remove_entries
from berth.engine.engine import Engine
from berth.engine.pruning import parse_moment

_CONTEXT_AGE_S = 48 * 3600.0
_CONTEXT_SHARE = 4
"""Files of contexts get this part of the whole."""


def rules_of(engine: Engine, disk: Disk) -> tuple[Rule, ...]:
    """The administrator's, or the default."""
    given = engine.settings.build_rules
    return (Rule(default_bounds(disk)),) if given is None else given


async def keep_within_bounds(engine: Engine) -> None:
    """Let go what has been unused for longest when there is too much. Quick when nothing is to be done."""
    builds, upkeep = engine.builds, engine.builds.upkeep
    disk = builds.cache.disk()
    rules = rules_of(engine, disk)
    if upkeep.busy or not rules:
        return
    most = min((_most(rule, disk) for rule in rules), default=disk.total)
    scarce = any(rule.bounds.min_free is not None and disk.free < rule.bounds.min_free for rule in rules)
    if not scarce and not upkeep.is_due(builds.cache.total(), builds.contexts.files.written, most):
        return
    upkeep.busy = True
    try:
        written = builds.contexts.files.written
        await builds.contexts.collect(most // _CONTEXT_SHARE, _CONTEXT_AGE_S, _CONTEXT_AGE_S)
        for rule in rules:
            await _apply(engine, rule)
        others = used_bytes(entry for entry in await cache_entries(engine) if not entry.content)
        upkeep.looked(builds.cache.total(), others, written)
    finally:
        upkeep.busy = False


def _most(rule: Rule, disk: Disk) -> int:
    bounds = [bound for bound in (rule.bounds.max_used, rule.bounds.reserved) if bound is not None]
    return max(bounds, default=disk.total) if not rule.filters else disk.total


async def _apply(engine: Engine, rule: Rule) -> None:
    entries = await cache_entries(engine)
    filters = Filters(rule.filters)
    age = age_filter(filters)
    before = parse_moment(age) if age is not None else None
    removable = [
        entry
        for entry in select(entries, filters, all=rule.all, before_ns=before)
        if entry.type != LOCAL  # those have rules of their own
    ]
    chosen = within(entries, removable, rule.bounds, engine.builds.cache.disk())
    if chosen:
        await remove_entries(engine, entries, chosen)
