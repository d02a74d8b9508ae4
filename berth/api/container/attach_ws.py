"""``GET /containers/{id}/attach/ws``."""

from berth.api.call import Call
from berth.base.errors import Unsupported
from berth.engine.container.inspect import inspect
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Attaching over a WebSocket is not served."""
    await inspect(call.engine, call.name)
    raise Unsupported(
        "attaching over a WebSocket is not supported by this engine; use POST /containers/{id}/attach"
    )
