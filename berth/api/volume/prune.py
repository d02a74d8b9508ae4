"""``POST /volumes/prune``, and ``GET /berth/volumes/prune``, which only tells what would go."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.filters import Filters
from berth.engine.volume.prune import FILTERS, prune
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove unused volumes: the anonymous ones; before API 1.42 the named ones too."""
    filters = call.filters(FILTERS)
    if call.version < (1, 42):
        filters = Filters({"label": filters.get("label"), "label!": filters.get("label!"), "all": ["true"]})
    report = await prune(call.engine, filters, dry=call.request.method == "GET")
    return json_answer({"VolumesDeleted": list(report.deleted), "SpaceReclaimed": report.reclaimed})
