"""When it is worth its time to measure everything that is kept for builds."""

import time

_INTERVAL_S = 600.0


class Upkeep:
    """Tells when the next look is worth its time."""

    def __init__(self) -> None:
        self.busy = False
        self._looked_s = -_INTERVAL_S
        self._results = self._others = self._written = 0

    def is_due(self, results: int, written: int, most: int) -> bool:
        """``results``: bytes that results have by their rows; ``written``: bytes that contexts have brought
        since the start; ``most``: what may be kept."""
        if time.monotonic() - self._looked_s >= _INTERVAL_S:
            return True
        new = written - self._written
        if results > self._results:
            new += results - self._results
        return self._results + self._others + new > most and new > most // 64

    def looked(self, results: int, others: int, written: int) -> None:
        """So much was there at the end of a look; ``others`` is what is no result."""
        self._looked_s = time.monotonic()
        self._results, self._others, self._written = results, others, written
