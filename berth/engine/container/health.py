"""Health checks: a command run beside the container every so often, and what its exits add up to."""

import asyncio
import logging
import time

from berth.base.errors import BerthError
from berth.base.ids import ExecId, new_id
from berth.engine.container.cell import Cell
from berth.engine.container.change import event, update_state
from berth.engine.container.record import ContainerRecord, Health, ProbeResult, Status
from berth.engine.engine import Engine
from berth.engine.exec.registry import ExecOptions, ExecSession
from berth.engine.exec.start import run_probe
from berth.engine.spec.health import HealthConfig

_log = logging.getLogger(__name__)

_INTERVAL_NS = 30 * 10**9
_TIMEOUT_NS = 30 * 10**9
_START_INTERVAL_NS = 5 * 10**9
_RETRIES = 3
_KEPT_RESULTS = 5
_OUTPUT_LIMIT = 4096
_DEFAULT_SHELL = ("/bin/sh", "-c")


def start_health(engine: Engine, cell: Cell) -> None:
    """Begin to probe a container that has just been started or taken up, if it has a check."""
    check = cell.record.config.healthcheck
    command = probe_command(check, cell.record.config.shell)
    if check is None or not command:
        return
    cell.health_task = engine.tasks.spawn(f"health {cell.id}", _probe_for_ever(engine, cell, check, command))


def initial_health(record: ContainerRecord) -> Health | None:
    """The health of a container that starts: none without a check."""
    return Health() if probe_command(record.config.healthcheck, record.config.shell) else None


def stop_health(cell: Cell) -> None:
    """End the probing: the container has ended."""
    if cell.health_task is not None:
        cell.health_task.cancel()
        cell.health_task = None


def probe_command(check: HealthConfig | None, shell: tuple[str, ...]) -> tuple[str, ...]:
    """The command to run; empty when there is no check or it is switched off (``NONE``)."""
    if check is None or not check.test:
        return ()
    kind, *words = check.test
    if kind == "CMD":
        return tuple(words)
    if kind == "CMD-SHELL" and words:
        return (*(shell or _DEFAULT_SHELL), words[0])
    return ()


async def _probe_for_ever(engine: Engine, cell: Cell, check: HealthConfig, command: tuple[str, ...]) -> None:
    began = time.monotonic_ns()
    while True:
        starting = time.monotonic_ns() - began < check.start_period
        still_starting = cell.state.health is None or cell.state.health.status == "starting"
        pause_ns = check.interval or _INTERVAL_NS
        if starting and still_starting:
            pause_ns = min(pause_ns, check.start_interval or _START_INTERVAL_NS)
        await asyncio.sleep(pause_ns / 1e9)
        if cell.state.status is not Status.RUNNING:
            continue  # a paused container is neither well nor unwell
        result = await _probe(engine, cell, check, command)
        _record(engine, cell, check, result, starting=starting)


async def _probe(engine: Engine, cell: Cell, check: HealthConfig, command: tuple[str, ...]) -> ProbeResult:
    began = time.time_ns()
    timeout_s = (check.timeout or _TIMEOUT_NS) / 1e9
    session = ExecSession(ExecId(new_id()), cell.id, ExecOptions(command))
    try:
        code, output = await run_probe(engine, cell, session, timeout_s, _OUTPUT_LIMIT)
    except TimeoutError:
        code, output = -1, f"Health check exceeded timeout ({timeout_s:g}s)"
    except BerthError as error:
        code, output = -1, error.message
    return ProbeResult(started_at=began, ended_at=time.time_ns(), exit_code=code, output=output)


def _record(engine: Engine, cell: Cell, check: HealthConfig, result: ProbeResult, *, starting: bool) -> None:
    """Add the result and, when the verdict changes, an event (moby's handleProbeResult)."""
    before = cell.state.health or Health()
    streak = 0 if result.exit_code == 0 else before.failing_streak + 1
    status = before.status
    if result.exit_code == 0:
        status = "healthy"
    elif starting and before.status == "starting":
        streak = 0  # failures do not count while the container is still given time
    elif streak >= (check.retries or _RETRIES):
        status = "unhealthy"
    log = (*before.log, result)[-_KEPT_RESULTS:]
    health = Health(status=status, failing_streak=streak, log=log)
    happened = [event(cell.record, f"health_status: {status}")] if status != before.status else []
    update_state(engine, cell, *happened, health=health)
