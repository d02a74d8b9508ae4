"""Legacy links (``--link other:alias``): the other container's address under its names in /etc/hosts."""

from berth.base.errors import InvalidArgument, NotFound
from berth.base.ids import short_id
from berth.engine.container.networking import network_name
from berth.engine.container.record import ContainerRecord
from berth.engine.container.registry import Registry
from berth.engine.engine import Engine


def split_link(link: str) -> tuple[str, str]:
    """``name:alias`` or ``name`` to both parts."""
    name, _, alias = link.partition(":")
    return name, alias.rpartition("/")[2] or name


def check_links(links: tuple[str, ...], registry: Registry) -> None:
    """Refuse links to containers that do not exist."""
    for link in links:
        name, _ = split_link(link)
        try:
            registry.resolve(name)
        except NotFound as error:
            # A missing image is a 404 to Docker's client; this must not look like one.
            raise InvalidArgument(f"could not get container for {name}: {error.message}") from None


def linked_hosts(engine: Engine, record: ContainerRecord) -> list[tuple[str, str]]:
    """(name, address) pairs: alias, id and name of every linked container that runs now. Only for the
    default network: in others links are names that the name server knows."""
    if network_name(record.host) != "bridge":
        return []
    pairs = []
    for link in record.host.links:
        name, alias = split_link(link)
        try:
            other = engine.containers.resolve(name).record
        except NotFound:
            continue  # removed since; Docker starts the container all the same
        for endpoint in other.state.endpoints.values():
            if endpoint.ipv4:
                names = dict.fromkeys((alias, short_id(other.id), other.name))
                pairs += [(one, endpoint.ipv4) for one in names]
    return pairs
