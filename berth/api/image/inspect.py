"""``GET /images/{name}/json``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.image import inspect as shape
from berth.engine.image.inspect import inspect
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Describe one image."""
    return json_answer(shape(await inspect(call.engine, call.name), call.version))


async def attestations(call: Call) -> Answer:
    """``GET /images/{name}/attestations``: none are kept with the images of this engine."""
    await inspect(call.engine, call.name)
    return json_answer([])
