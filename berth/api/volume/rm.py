"""``DELETE /volumes/{name}``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.engine.volume.rm import remove
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Remove a volume."""
    await remove(call.engine, call.name, force=call.flag("force"))
    return no_content()
