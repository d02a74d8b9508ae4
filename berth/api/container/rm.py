"""``DELETE /containers/{id}``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.container.rm import remove
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove a container."""
    await remove(
        call.engine, call.name, force=call.flag("force"), volumes=call.flag("v"), link=call.flag("link")
    )
    return no_content()
