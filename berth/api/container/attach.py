"""``POST /containers/{id}/attach``."""

from berth.api.answers import MULTIPLEXED_STREAM, RAW_STREAM
from berth.api.call import Call
from berth.api.splice import takeover
from berth.engine.container.attach import AttachOptions, attach
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """Hand the connection to a container's streams. Framed unless the container has a terminal, which the
    content type of an upgraded connection says since API 1.42."""
    session = await attach(
        call.engine,
        call.name,
        AttachOptions(
            stream=call.flag("stream"),
            logs=call.flag("logs"),
            stdin=call.flag("stdin"),
            stdout=call.flag("stdout"),
            stderr=call.flag("stderr"),
            detach_keys=call.text("detachKeys"),
        ),
    )
    said = call.request.wants_upgrade and call.version >= (1, 42) and not session.tty
    return takeover(session, MULTIPLEXED_STREAM if said else RAW_STREAM, framed=not session.tty)
