"""Trying again: how often, and how long to wait, for the failures that may pass by themselves."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from berth.registry.errors import RegistryError, Unreachable

T = TypeVar("T")


class Patience(NamedTuple):
    """``attempts`` without any progress in between; waits double from ``first_s`` up to ``longest_s``.

    ``steps`` bounds the attempts altogether, with progress or without: a registry that cuts each
    connection at 60 % is worth coming back to, one that gives a byte at a time is not. With ``mends``
    false a connection that cannot be made is not tried again.
    """

    attempts: int = 5
    first_s: float = 0.5
    longest_s: float = 20.0
    asked_s: float = 120.0
    steps: int = 200
    mends: bool = True

    def delay(self, failures: int, error: Exception) -> float:
        """Seconds before the next attempt: what the registry asks for, within reason, else exponential
        with jitter, so that many clients do not come back at the same moment."""
        asked = error.retry_after if isinstance(error, RegistryError) else None
        if asked is not None:
            return min(asked, self.asked_s)
        ceiling: float = min(self.longest_s, self.first_s * 2 ** max(0, failures - 1))
        return ceiling * (0.5 + random.random() / 2)


DEFAULT_PATIENCE = Patience()


def may_pass(error: Exception) -> bool:
    """Whether a failure may be gone at the next attempt."""
    return isinstance(error, RegistryError | Unreachable) and error.transient


async def persistently(attempt: Callable[[], Awaitable[T]], patience: Patience = DEFAULT_PATIENCE) -> T:
    """Call ``attempt`` until it succeeds, fails for good, or patience is at its end."""
    failures = 0
    while True:
        try:
            return await attempt()
        except (RegistryError, Unreachable) as error:
            failures += 1
            final = isinstance(error, Unreachable) and not patience.mends
            if final or not may_pass(error) or failures >= patience.attempts:
                raise
            await asyncio.sleep(patience.delay(failures, error))
