"""``events``: what happens, as it happens."""

from collections.abc import AsyncIterator

from berth.base.filters import Filters
from berth.engine.engine import Engine
from berth.state.events import Event

FILTERS = frozenset(
    (
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope",
        "secret", "service", "type", "volume",
    )
)  # fmt: skip
_OBJECTS = ("config", "container", "daemon", "network", "node", "plugin", "secret", "service", "volume")
_WITH_DETAILS = frozenset(("health_status", "exec_create", "exec_start"))


async def events(
    engine: Engine, since_ns: int | None, until_ns: int | None, filters: Filters
) -> AsyncIterator[Event]:
    """Events that pass the filters, from ``since_ns`` (None: from now on) to ``until_ns`` (None: never)."""
    async for event in engine.events.follow(since_ns, until_ns):
        if passes(event, filters):
            yield event


def passes(event: Event, filters: Filters) -> bool:
    """Docker's rules: every name that is given must fit by one of its values.

    The filter of an object (``container=web``) compares the beginning of the actor's id and name, whatever
    the actor is; ``label`` looks at the actor's attributes.
    """
    if not filters:
        return True
    name = event.attributes.get("name", "")
    return (
        filters.exact("type", event.kind)
        and filters.exact("scope", event.scope)
        and _action(event.action, filters.get("event"))
        and filters.labels(event.attributes)
        and all(_begins(filters.get(kind), event.actor, name) for kind in _OBJECTS)
        and _image(event, filters.get("image"))
    )


def _action(action: str, wanted: tuple[str, ...]) -> bool:
    """``exec_start`` also fits ``exec_start: sh``, ``health_status`` also ``health_status: healthy``."""
    if not wanted or action in wanted:
        return True
    return not _WITH_DETAILS.isdisjoint(wanted) and any(action.startswith(value) for value in wanted)


def _begins(wanted: tuple[str, ...], actor: str, name: str) -> bool:
    return not wanted or any(text.startswith(value) for value in wanted for text in (actor, name))


def _image(event: Event, wanted: tuple[str, ...]) -> bool:
    """An image by id or name, with or without tag; events of containers made of it fit too."""
    if not wanted:
        return True
    name = event.attributes.get("name" if event.kind == "image" else "image", "")
    without_tag = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    return any(value in (event.actor, name, without_tag) for value in wanted)
