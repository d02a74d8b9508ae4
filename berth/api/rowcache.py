"""Encoded rows of ``ps``, kept as long as their container does not change.

Encoding 500 containers takes 5 to 10 ms, which is most of the time of a whole ``ps``; joining kept rows
takes a fraction of one. Only the status text changes with time, so a row is kept as the bytes before and
after it.
"""

from collections.abc import Callable
from typing import NamedTuple

MAX_ROWS = 4_096


class Row(NamedTuple):
    """The bytes around the status text of one container, valid for one revision of its record."""

    stamp: object
    before: bytes
    after: bytes


class RowCache:
    """Rows by container and variant (what the API version shows). Bounded; emptied when it is full."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, object], Row] = {}

    def get(self, key: str, variant: object, stamp: object, make: Callable[[], tuple[bytes, bytes]]) -> Row:
        """The kept row if it was made for ``stamp``, else a new one from ``make``."""
        row = self._rows.get((key, variant))
        if row is None or row.stamp != stamp:
            if len(self._rows) >= MAX_ROWS:
                self._rows.clear()
            row = Row(stamp, *make())
            self._rows[key, variant] = row
        return row
