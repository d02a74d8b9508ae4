"""``POST /containers/{id}/pause``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.pause import pause
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Freeze a container."""
    await pause(call.engine, call.name)
    return no_content()
