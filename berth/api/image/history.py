"""``GET /images/{name}/history``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.image import step
from berth.engine.image.history import history
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """The steps that made an image, the last one first."""
    return json_answer([step(found) for found in await history(call.engine, call.name)])
