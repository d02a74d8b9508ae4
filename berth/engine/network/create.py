"""``network create``."""

from berth.engine.engine import Engine
from berth.engine.verbs import change
from berth.network.records import CreateNetwork, Network


@change
async def create(engine: Engine, wish: CreateNetwork) -> Network:
    """Make a network. Conflict when the name is taken, Forbidden for pools that overlap."""
    network = await engine.networks.create(wish)
    await announce(engine, network, "create")
    return network


async def announce(engine: Engine, network: Network, action: str, **extra: str) -> None:
    """Append an event of the network."""
    attributes = {"name": network.name, "type": network.driver, **extra}
    await engine.events.record("network", action, network.id, attributes)
