"""``GET /volumes``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.volume import volume as shape
from berth.engine.volume.list import list_volumes
from berth.server.message import Answer
from berth.volume.contract import LIST_FILTERS


async def handle(call: Call) -> Answer:
    """All volumes, by name."""
    found = await list_volumes(call.engine, call.filters(LIST_FILTERS))
    return json_answer({"Volumes": [shape(one) for one in found], "Warnings": None})
