"""Wait for a fact that another process makes true, with a bound, instead of sleeping and hoping."""

import select
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.01


def wait_until(probe: Callable[[], T], what: str, *, timeout: float = 15.0) -> T:
    """Call ``probe`` until it answers something true and return that; after ``timeout`` seconds fail,
    naming ``what``."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain until {what}; the last answer was {answer!r}")
        select.select([], [], [], _PAUSE)
