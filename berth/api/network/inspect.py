"""``GET /networks/{id}``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.network import network as shape
from berth.base.errors import InvalidArgument, NotFound
from berth.engine.network.inspect import inspect
from berth.server.message import Answer

_TRUTHS = frozenset(("", "0", "1", "f", "t", "false", "true", "F", "T", "False", "True", "FALSE", "TRUE"))


async def handle(call: Call) -> Answer:
    """One network and its containers."""
    verbose = call.text("verbose")
    if verbose not in _TRUTHS:
        raise InvalidArgument(
            f'invalid value for verbose: {verbose}: strconv.ParseBool: parsing "{verbose}": invalid syntax'
        )
    found = await inspect(call.engine, call.name)
    if call.text("scope") not in ("", found.network.scope):
        raise NotFound(f"network {call.name} not found")
    return json_answer(shape(found, call.version, summary=False))
