"""What the prune verbs share: their filters and their report."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.base.units import parse_duration


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
    unwanted = any(_has(labels, text) for text in filters.get("label!"))
    return filters.labels(labels) and not unwanted


def _has(labels: Mapping[str, str], text: str) -> bool:
    """Whether ``labels`` has ``key`` or ``key=value``."""
    key, equals, value = text.partition("=")
    return key in labels and (not equals or labels[key] == value)


def parse_moment(text: str) -> int:
    """A unix time, an RFC 3339 time, or a Go duration before now, as nanoseconds since the epoch."""
    seconds, _, fraction = text.partition(".")
    if seconds.isdecimal():
        return int(seconds) * 10**9 + int((fraction + "0" * 9)[:9] or 0)
    try:
        return time.time_ns() - parse_duration(text)
    except InvalidArgument:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(
            f'failed to parse value as time or duration: "{text}"',
            hint="use a time stamp or a duration such as 24h",
        ) from None
    return int(moment.timestamp() * 1e9)
