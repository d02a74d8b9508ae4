"""Which volumes a list shows: Docker's four filters."""

import re
from collections.abc import Collection, Iterable

from berth.base.errors import InvalidArgument
from berth.base.filters import Filters
from berth.volume.record import Volume


def select(volumes: Iterable[Volume], filters: Filters | None, used: Collection[str]) -> tuple[Volume, ...]:
    """Those that pass, ordered by name."""
    chosen = sorted(volumes, key=lambda volume: volume.name)
    if not filters:
        return tuple(chosen)
    dangling = filters.boolean("dangling")
    names = [_pattern(text) for text in filters.get("name")]
    return tuple(
        volume
        for volume in chosen
        if (dangling is None or dangling == (volume.name not in used))
        and filters.exact("driver", volume.driver)
        and filters.labels(volume.labels)
        and (not names or any(pattern.search(volume.name) for pattern in names))
    )


def _pattern(text: str) -> re.Pattern[str]:
    """A name filter is a regular expression that matches anywhere, as in Docker."""
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidArgument(f"invalid filter 'name={text}': {error}") from error
