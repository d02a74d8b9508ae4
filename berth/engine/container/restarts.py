"""Restart policies: whether an ended container starts again, and after how long."""

from berth.engine.container.cell import Cell, ExitStatus
from berth.engine.container.change import move
from berth.engine.container.lifecycle import Action
from berth.engine.container.record import ContainerRecord, Status
from berth.engine.engine import Engine

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 60.0
LASTING_RUN_S = 10.0
"""A run of this length counts as a success: the next delay is the first one again (Docker's rule)."""


def should_restart(record: ContainerRecord, exit_code: int) -> bool:
    """What the policy says about a container that ended with ``exit_code``."""
    if record.state.stopped_by_user:
        return False
    policy = record.host.restart_policy
    if policy.name in ("always", "unless-stopped"):
        return True
    limit = policy.maximum_retry_count
    left = not limit or record.state.restart_count < limit
    return policy.name == "on-failure" and exit_code != 0 and left


def should_start_with_daemon(record: ContainerRecord) -> bool:
    """Whether a container that is down when the daemon comes up is started: ``always`` even after a stop."""
    name = record.host.restart_policy.name
    if name == "always":
        return record.state.started_at > 0
    return name == "unless-stopped" and record.state.started_at > 0 and not record.state.stopped_by_user


def next_delay(previous_s: float, ran_s: float) -> float:
    """Seconds before the next start: 0.1, doubled each time, at most a minute."""
    if ran_s >= LASTING_RUN_S or previous_s == 0:
        return FIRST_DELAY_S
    return min(previous_s * 2, LONGEST_DELAY_S)


async def give_up_restart(engine: Engine, cell: Cell) -> None:
    """End the waiting of a container between two runs. The caller holds the lock."""
    if cell.restart_timer is not None:
        cell.restart_timer.cancel()
        cell.restart_timer = None
    if cell.state.status is Status.RESTARTING:
        await move(engine, cell, Action.EXIT, stopped_by_user=True)
        cell.announce_exit(ExitStatus(cell.state.exit_code))
