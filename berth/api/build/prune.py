"""``POST /build/prune``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.build.cache_policy import Bounds
from berth.engine.build.prune import FILTERS, prune
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Prune. ``keep-storage`` is the name that ``reserved-space`` had before API 1.48."""
    reserved = call.number("reserved-space")
    bounds = Bounds(
        reserved=reserved if reserved is not None else call.number("keep-storage"),
        max_used=call.number("max-used-space"),
        min_free=call.number("min-free-space"),
    )
    report = await prune(call.engine, call.filters(FILTERS), bounds, all=call.flag("all"))
    return json_answer({"CachesDeleted": list(report.deleted) or None, "SpaceReclaimed": report.reclaimed})
