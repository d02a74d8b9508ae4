"""``POST /containers/{id}/start``."""

from berth.api.answers import no_content
from berth.api.call import Call
from berth.base.errors import InvalidArgument, Unsupported
from berth.engine.container.start import start
from berth.server.message import Answer

_EMPTY_OBJECT = 7
"""Docker's own limit: bodies up to this length are some form of nothing."""


async def handle(call: Call) -> Answer:
    """Start a container; 304 when it runs already. Host configurations in the body ended with API 1.24."""
    call.engine.containers.resolve(call.name)
    if len(await call.request.body.read()) > _EMPTY_OBJECT:
        raise InvalidArgument(
            "starting container with non-empty request body was deprecated since API v1.22 "
            "and removed in v1.24"
        )
    if call.text("checkpoint"):
        raise Unsupported("checkpoints are not supported by this engine")
    await start(call.engine, call.name, call.text("detachKeys") or None)
    return no_content()
