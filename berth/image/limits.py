"""How much a stream may unpack to before it is taken for a bomb, and how many may be unpacked at once."""

import os
from pathlib import Path
from typing import NamedTuple

from berth.base.errors import InvalidArgument, Unavailable

_CHECK_EVERY = 64 << 20


class Limits(NamedTuple):
    """Bounds of one layer.

    A layer of zeros compresses by a thousand and is legal, so the ratio counts only beyond ``free_bytes``.
    """

    plain_bytes: int = 1 << 40
    free_bytes: int = 16 << 30
    ratio: int = 256
    entries: int = 4_000_000
    disk_reserve: int = 256 << 20


DEFAULT_LIMITS = Limits()


class Meter:
    """Counts what goes in and comes out, and looks at the disk from time to time."""

    def __init__(self, limits: Limits, directory: Path) -> None:
        self._limits = limits
        self._directory = directory
        self._next_check = 0
        self.compressed = 0
        self.plain = 0

    def count(self, plain: int) -> None:
        """Account for ``plain`` more bytes; InvalidArgument or Unavailable when it is too much."""
        self.plain += plain
        if self.plain < self._next_check:
            return
        self._next_check = self.plain + _CHECK_EVERY
        limits = self._limits
        bomb = self.plain > limits.free_bytes and self.plain > limits.ratio * max(self.compressed, 1)
        if self.plain > limits.plain_bytes or bomb:
            raise InvalidArgument(
                f"the layer unpacks to more than {self.plain} bytes from {self.compressed}: refused as a bomb"
            )
        status = os.statvfs(self._directory)
        if status.f_bavail * status.f_frsize < limits.disk_reserve:
            raise Unavailable(
                "no space left on device", hint=f"free some space below {self._directory}, then try again"
            )
