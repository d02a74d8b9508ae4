"""``GET /containers/{id}/export``."""

from berth.api.answers import begun, stream
from berth.api.call import Call
from berth.engine.container.export import export
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """A container's file system as a tar."""
    return stream(await begun(export(call.engine, call.name)), "application/octet-stream")
