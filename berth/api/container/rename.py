"""``POST /containers/{id}/rename``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.rename import rename
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Give a container another name."""
    await rename(call.engine, call.name, call.text("name"))
    return no_content()
