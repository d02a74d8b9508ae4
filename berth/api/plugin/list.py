"""``GET /plugins``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.base.errors import NotFound, Unsupported
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """There are no plugins."""
    return json_answer([])


async def missing(call: Call) -> Answer:
    """Anything about one plugin."""
    raise NotFound(f'plugin "{call.name}" not found')


async def refuse(call: Call) -> Answer:
    """Installing and making plugins."""
    raise Unsupported("plugins are not supported by this engine")
