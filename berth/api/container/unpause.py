"""``POST /containers/{id}/unpause``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.unpause import unpause
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Thaw a container."""
    await unpause(call.engine, call.name)
    return no_content()
