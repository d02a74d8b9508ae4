"""``GET /version``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape import system as shape
from berth.engine.system.version import version
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """What this engine is made of."""
    return json_answer(shape.version(await version(call.engine)))
