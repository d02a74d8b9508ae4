"""``POST /networks/prune``, and ``GET /berth/networks/prune``, which only tells what would go."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.engine.network.prune import FILTERS, prune
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove unused networks."""
    report = await prune(call.engine, call.filters(FILTERS), dry=call.request.method == "GET")
    return json_answer({"NetworksDeleted": list(report.deleted) or None})
