"""``POST /containers/prune``, and ``GET /berth/containers/prune``, which only tells what would go."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.engine.container.prune import FILTERS, prune
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove the containers that do not run."""
    report = await prune(call.engine, call.filters(FILTERS), dry=call.request.method == "GET")
    return json_answer({"ContainersDeleted": list(report.ids) or None, "SpaceReclaimed": report.reclaimed})
