"""What ADD downloads, before the key of its step can be known."""

import contextlib
from collections.abc import AsyncIterator

from berth.base.errors import Unsupported
from berth.build.copy import CopySource
from berth.engine.build.work import Turn


@contextlib.asynccontextmanager
async def fetched(turn: Turn) -> AsyncIterator[tuple[tuple[str, ...], tuple[CopySource, ...]]]:
    """The digests of what the step's URLs brought, and the files themselves while the block runs."""
    if turn.step.urls:
        raise Unsupported(f"ADD {turn.step.urls[0]}")
    yield (), ()
