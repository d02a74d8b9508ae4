"""``POST /containers/{id}/resize``."""

from berth.api.call import Call
from berth.engine.container.resize import resize
from berth.server.message import Answer, Response


async def handle(call: Call) -> Answer:
    """Set the size of a container's terminal."""
    height, width = call.size("h", "height"), call.size("w", "width")
    await resize(call.engine, call.name, height, width)
    return Response(200)
