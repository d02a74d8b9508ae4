"""``GET /containers/{id}/top``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.engine.container.top import top
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """The processes of a container, as ``ps`` on the host prints them."""
    found = await top(call.engine, call.name, call.text("ps_args") or "-ef")
    return json_answer({"Processes": found.processes, "Titles": found.titles})
