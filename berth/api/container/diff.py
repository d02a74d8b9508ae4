"""``GET /containers/{id}/changes``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.engine.container.diff import changes
from berth.server.message import Answer

_KINDS = {"C": 0, "A": 1, "D": 2}
"""Docker's numbers for changed, added and deleted."""


async def handle(call: Call) -> Answer:
    """What differs from the image; null when nothing does."""
    found = await changes(call.engine, call.name)
    return json_answer([{"Path": change.path, "Kind": _KINDS[change.kind]} for change in found] or None)
