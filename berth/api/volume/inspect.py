"""``GET /volumes/{name}``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.volume import volume as shape
from berth.engine.volume.inspect import inspect
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """One volume."""
    return json_answer(shape(await inspect(call.engine, call.name)))
