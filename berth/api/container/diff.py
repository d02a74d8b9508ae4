"""``GET /containers/{id}/changes``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.engine.container.diff import changes
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """What differs from the image; null when nothing does."""
    found = await changes(call.engine, call.name)
    return json_answer([{"Path": change.path, "Kind": int(change.kind)} for change in found] or None)
