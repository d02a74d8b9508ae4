"""``POST /containers/{id}/restart``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.restart import restart
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Stop a container and start it again. The signal can be chosen since API 1.42."""
    signal = call.text("signal") if call.version >= (1, 42) else ""
    await restart(call.engine, call.name, call.number("t"), signal)
    return no_content()
