"""Swarm, nodes, services, tasks, secrets and configs: this engine is never part of a swarm."""

from berth.api.call import Call
from berth.base.errors import Unavailable, Unsupported
from berth.server.message import Answer

NOT_A_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node '
    "to swarm and try again."
)


async def handle(call: Call) -> Answer:
    """What Docker answers to everything that needs a swarm."""
    raise Unavailable(NOT_A_MANAGER)


async def leave(call: Call) -> Answer:
    """``POST /swarm/leave``."""
    raise Unavailable("This node is not part of a swarm")


async def join(call: Call) -> Answer:
    """``POST /swarm/init`` and ``/swarm/join``: the one thing that cannot be answered as Docker would."""
    raise Unsupported("swarm mode is not supported by this engine")
