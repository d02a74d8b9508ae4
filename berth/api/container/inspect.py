"""``GET /containers/{id}/json``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape import container as shape
from berth.engine.container.inspect import inspect
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Describe one container."""
    found = await inspect(call.engine, call.name, size=call.flag("size"))
    return json_answer(shape.inspect(found, call.version))
