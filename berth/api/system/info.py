"""``GET /info``."""

import time

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape import system as shape
from berth.engine.system.info import info
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """The engine and its host in numbers."""
    return json_answer(shape.info(await info(call.engine), time.time_ns(), call.version))
