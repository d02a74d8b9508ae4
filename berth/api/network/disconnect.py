"""``POST /networks/{id}/disconnect``."""

from berth.api.call import Call
from berth.engine.network.disconnect import disconnect
from berth.engine.spec.naming import Record
from berth.server.message import Answer, Response


class DisconnectRequest(Record, frozen=True, kw_only=True):
    """The body."""

    container: str = ""
    force: bool = False


async def handle(call: Call) -> Answer:
    """Disconnect a container."""
    wanted = await call.json(DisconnectRequest)
    await disconnect(call.engine, call.name, wanted.container, force=wanted.force)
    return Response(200)
