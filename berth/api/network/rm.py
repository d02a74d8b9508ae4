"""``DELETE /networks/{id}``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.network.rm import remove
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove a network."""
    await remove(call.engine, call.name)
    return no_content()
