"""``POST /images/prune``, and ``GET /berth/images/prune``, which only tells what would go."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.image import removed
from berth.engine.image.prune import FILTERS, prune
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove unused images."""
    report = await prune(call.engine, call.filters(FILTERS), dry=call.request.method == "GET")
    deleted = [removed(one) for one in report.removed] or None
    return json_answer({"ImagesDeleted": deleted, "SpaceReclaimed": report.reclaimed})
