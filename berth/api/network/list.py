"""``GET /networks``."""

from berth.api.answers import json_answer
from berth.api.call import Call
from berth.api.shape.network import network as shape
from berth.engine.network.list import FILTERS, list_networks
from berth.server.message import Answer


async def handle(call: Call) -> Answer:
    """All networks; their containers are told up to API 1.27 only."""
    found = await list_networks(call.engine, call.filters(FILTERS), with_members=call.version < (1, 28))
    return json_answer([shape(one, call.version, summary=True) for one in found])
