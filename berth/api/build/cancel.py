"""``POST /build/cancel``: end a build that was given an id."""

from berth.api.call import Call
from berth.base.errors import InvalidArgument
from berth.server.message import Answer, Response


async def handle(call: Call) -> Answer:
    """An id that is not known is fine: that build has ended."""
    name = call.text("id")
    if not name:
        raise InvalidArgument("build ID not provided")
    call.engine.builds.running.cancel(name)
    return Response(200)
