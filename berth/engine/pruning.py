"""What the prune verbs of images, volumes and networks share."""

from collections.abc import Mapping
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.engine.container.prune import filters_match, parse_moment


class PruneReport(NamedTuple):
    """What went: names or ids in order, and the bytes that are free now."""

    deleted: tuple[str, ...]
    reclaimed: int


def until_ns(filters: Filters) -> int | None:
    """The ``until`` filter as a moment: older objects may go. None when it is not given."""
    given = filters.get("until")
    if len(given) > 1:
        raise InvalidArgument("more than one until filter specified")
    return parse_moment(given[0]) if given else None


def labels_pass(filters: Filters, labels: Mapping[str, str]) -> bool:
    """``label`` (every one must fit) and ``label!`` (none may)."""
    unwanted = any(filters_match(dict(labels), text) for text in filters.get("label!"))
    return filters.labels(labels) and not unwanted
