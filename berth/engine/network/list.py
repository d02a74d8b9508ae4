"""``network ls``: the networks, filtered as Docker does."""

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.engine.network.inspect import FoundNetwork, members
from berth.network.records import Network

FILTERS = frozenset(("dangling", "driver", "id", "label", "name", "scope", "type"))
_TYPES = ("custom", "builtin")


async def list_networks(
    engine: Engine, filters: Filters | None = None, *, with_members: bool = False
) -> list[FoundNetwork]:
    """Networks in the order of their making; members are left out unless asked for, as Docker does."""
    given = filters or Filters()
    for kind in given.get("type"):
        if kind not in _TYPES:
            raise InvalidArgument(f"invalid filter: 'type'='{kind}'")
    dangling = given.boolean("dangling")
    found: list[FoundNetwork] = []
    for network in engine.networks.list():
        if not _passes(network, given):
            continue
        there = members(engine, network.id) if with_members or dangling is not None else ()
        if dangling is None or dangling == (not there and not network.predefined):
            found.append(FoundNetwork(network, there if with_members else ()))
    return found


def _passes(network: Network, given: Filters) -> bool:
    kind = "builtin" if network.predefined else "custom"
    return (
        given.exact("driver", network.driver)
        and given.exact("scope", network.scope)
        and given.exact("type", kind)
        and given.labels(network.labels)
        and _part(given.get("name"), network.name)
        and _start(given.get("id"), network.id)
    )


def _part(wanted: tuple[str, ...], name: str) -> bool:
    return not wanted or any(text in name for text in wanted)


def _start(wanted: tuple[str, ...], network_id: str) -> bool:
    return not wanted or any(network_id.startswith(text) for text in wanted)
