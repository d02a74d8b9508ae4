"""``POST /containers/{id}/stop``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.stop import stop
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Stop a container; 304 when it does not run. The signal can be chosen since API 1.42."""
    signal = call.text("signal") if call.version >= (1, 42) else ""
    await stop(call.engine, call.name, call.number("t"), signal)
    return no_content()
