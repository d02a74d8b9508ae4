"""``POST /containers/{id}/kill``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.kill import kill
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Send a signal, KILL when none is named."""
    await kill(call.engine, call.name, call.text("signal"))
    return no_content()
