"""``network rm``."""

from berth.base.errors import Forbidden
from berth.base.ids import short_id
from berth.engine.engine import Engine
from berth.engine.network.create import announce
from berth.engine.network.inspect import members
from berth.engine.verbs import change


@change
async def remove(engine: Engine, ref: str) -> None:
    """Remove the network. Forbidden for predefined ones and while a container runs on it."""
    network = engine.networks.resolve(ref)
    if network.predefined:
        raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
    there = members(engine, network.id)
    if there:
        names = ", ".join(f'name:"{one.name}" id:"{short_id(one.endpoint.endpoint_id)}"' for one in there)
        raise Forbidden(
            f"error while removing network: network {network.name} has active endpoints ({names})"
        )
    await engine.networks.remove(network.id)
    await announce(engine, network, "destroy")
