"""Stopping every container when the daemon ends and live-restore is off."""

import asyncio
import logging

from berth.base.errors import BerthError
from berth.engine.container.stop import stop_cell
from berth.engine.engine import Engine

_log = logging.getLogger(__name__)


async def stop_all(engine: Engine) -> None:
    """Stop all running containers at the same time, each with its own patience, within the daemon's."""
    running = [cell for cell in engine.containers if cell.state.running]
    timeout = engine.settings.shutdown_timeout_s
    try:
        async with asyncio.timeout(None if timeout < 0 else timeout):
            results = await asyncio.gather(
                *(stop_cell(engine, cell) for cell in running), return_exceptions=True
            )
    except TimeoutError:
        _log.warning("not all containers stopped within %d seconds; they run on", timeout)
        return
    for cell, result in zip(running, results, strict=True):
        if isinstance(result, BerthError):
            _log.error("container %s could not be stopped: %s", cell.id, result)
