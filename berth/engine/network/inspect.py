"""``network inspect``: a network and who is on it."""

from typing import NamedTuple

from berth.engine.container.record import EndpointState
from berth.engine.engine import Engine
from berth.network.ipam import SubnetUsage
from berth.network.records import Network


class Member(NamedTuple):
    """A running container on a network."""

    container_id: str
    name: str
    endpoint: EndpointState


class FoundNetwork(NamedTuple):
    """A network, and its members and the use of its addresses where they were asked for."""

    network: Network
    members: tuple[Member, ...] = ()
    usage: tuple[SubnetUsage, ...] = ()


async def inspect(engine: Engine, ref: str) -> FoundNetwork:
    """The network by name, id or unique beginning of an id; NotFound when there is none."""
    network = engine.networks.resolve(ref)
    return FoundNetwork(network, members(engine, network.id), engine.networks.usage(network.id))


def members(engine: Engine, network_id: str) -> tuple[Member, ...]:
    """The running containers on a network."""
    return tuple(
        Member(cell.id, cell.record.name, endpoint)
        for cell in engine.containers
        if cell.state.running
        for endpoint in cell.state.endpoints.values()
        if endpoint.network_id == network_id
    )
